import { expect, test } from '@jest/globals'
import { EndlessList, pagesOf } from './pages.ts'

async function all(
  next: (cursor: string | undefined) => string | undefined,
): Promise<(string | undefined)[]> {
  const read: (string | undefined)[] = []
  for await (const page of pagesOf(async (cursor) => ({ page: cursor, next: next(cursor) }))) read.push(page)
  return read
}

test('from cursor to cursor, until there is none', async () => {
  const after: Record<string, string> = { first: 'b', b: 'c' }
  expect(await all((cursor) => after[cursor ?? 'first'])).toEqual([undefined, 'b', 'c'])
  expect(await all(() => '')).toEqual([undefined])
})

test('a page is read only when it is wanted', async () => {
  let read = 0
  for await (const _ of pagesOf(async () => ({ page: ++read, next: `${read}` }))) break
  expect(read).toBe(1)
})

test.each<[string, (cursor: string | undefined) => string]>([
  ['whose page names itself as the next', () => 'same'],
  ['that goes in a circle', (cursor) => (cursor === 'a' ? 'b' : 'a')],
  ['that has ever another page', (cursor) => `${Number(cursor ?? 0) + 1}`],
])('a list %s is given up', async (_, next) => {
  await expect(all(next)).rejects.toThrow(EndlessList)
})
