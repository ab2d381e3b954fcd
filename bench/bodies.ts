import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BodyStore } from '../libs/bodies/src/body-store.ts'
import { DirectoryStore } from '../libs/bodies/src/directory-store.ts'
import { S3Store } from '../libs/bodies/src/s3-store.ts'

/**
 * How many 2 KB bodies a second each store makes durable, interleaved so that their ratio means something.
 * node --experimental-transform-types --no-warnings bench/bodies.ts [folder on the disk to measure]
 */
const CONCURRENCY = 256
const BODIES = 20_000
const ROUNDS = 3
const PUT_LATENCY_MS = 20

process.env.AWS_ACCESS_KEY_ID ??= 'bench'
process.env.AWS_SECRET_ACCESS_KEY ??= 'bench'

const body = randomBytes(2_048)
const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'wasl-bench-'))
const slowS3 = createServer((request, response) => {
  request.resume().on('end', () => setTimeout(() => response.writeHead(200).end(), PUT_LATENCY_MS))
})
await new Promise<void>((resolve) => slowS3.listen(0, '127.0.0.1', resolve))
const { port } = slowS3.address() as AddressInfo

const stores: Record<string, BodyStore> = {
  directory: new DirectoryStore(folder),
  [`S3, ${PUT_LATENCY_MS} ms a PUT`]: new S3Store(
    new URL(`s3://bench/x?region=me-south-1&endpoint=http://127.0.0.1:${port}`),
  ),
}
const rates: Record<string, number[]> = {}
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, store] of Object.entries(stores)) {
    const rate = await bodiesASecond(store)
    if (round > 0) (rates[name] ??= []).push(rate)
  }
}
const medians = Object.entries(rates).map(([name, all]) => [name, median(all)] as const)
for (const [name, rate] of medians) {
  console.log(
    `${name}: ${Math.round(rate)} bodies a second, ${(rate / medians[0]![1]).toFixed(2)} × the directory`,
  )
}
for (const store of Object.values(stores)) await store.close()
slowS3.close()
slowS3.closeAllConnections()
await rm(folder, { recursive: true })

async function bodiesASecond(store: BodyStore): Promise<number> {
  let left = BODIES
  const started = performance.now()
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) await store.append(body, 259_200)
    }),
  )
  return (BODIES * 1_000) / (performance.now() - started)
}

function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN
}
