import { type Address, BodyStoreUnavailable } from './body-store.ts'
import { measured } from './metrics.ts'

/** Bytes on their way into a segment. */
export interface Append {
  bytes: Buffer
  retentionSeconds: number
}

/**
 * One segment holds bodies of one retention, so a group becomes one write a retention; each fails for its own
 * members only. `write` answers with the segment's key and where in it the first of the buffers lies.
 */
export async function writeByRetention(
  items: readonly Append[],
  write: (
    retentionSeconds: number,
    buffers: Buffer[],
    total: number,
  ) => Promise<{ key: string; offset: number }>,
): Promise<(Address | Error)[]> {
  const outcomes = new Array<Address | Error>(items.length)
  const retentions = new Set(items.map(({ retentionSeconds }) => retentionSeconds))
  await Promise.all(
    [...retentions].map(async (retention) => {
      const members = items.flatMap((item, index) => (item.retentionSeconds === retention ? [index] : []))
      const buffers = members.map((index) => items[index]!.bytes)
      const total = buffers.reduce((sum, { length }) => sum + length, 0)
      try {
        const { key, offset } = await measured(members.length, total, () => write(retention, buffers, total))
        let at = offset
        members.forEach((index, i) => {
          const { length } = buffers[i]!
          outcomes[index] = { key, offset: at, length }
          at += length
        })
      } catch (error) {
        const failure =
          error instanceof BodyStoreUnavailable ? error : new BodyStoreUnavailable('a write failed', error)
        for (const index of members) outcomes[index] = failure
      }
    }),
  )
  return outcomes
}
