import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
})
afterAll(() => platform.stop())

const get = (path: string, key?: string) =>
  platform.call<Record<string, any>>('GET', path, key ? { key } : {})

test('lists go on where they stopped, though rows are added meanwhile', async () => {
  const fresh = await a.project()
  const made: string[] = []
  for (let i = 0; i < 5; i++) made.push((await a.connection(fresh)).id)
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { body: Record<string, any> } = await get(
      `/v1/projects/${fresh}/connections?limit=2${cursor && `&cursor=${cursor}`}`,
    )
    seen.push(...page.body.data.map(({ id }: { id: string }) => id))
    cursor = page.body.next_cursor as string | null
    await a.connection(fresh)
  }
  expect(seen).toEqual(made.reverse())
})
