import { randomBytes } from 'node:crypto'

const DRAWN_AT_ONCE = 4_096
let pool = Buffer.alloc(0)

/** A few random bytes from the CSPRNG. A draw costs the same for twelve as for thousands, so it is made for many. */
export function drawn(count: number): Buffer {
  if (pool.length < count) pool = randomBytes(Math.max(DRAWN_AT_ONCE, count))
  const bytes = pool.subarray(0, count)
  pool = pool.subarray(count)
  return bytes
}
