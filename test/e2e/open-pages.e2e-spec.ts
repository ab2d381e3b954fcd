import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.stop())

const get = (path: string, key?: string) =>
  platform.call<Record<string, any>>('GET', path, key ? { key } : {})

test('the docs, the health and the metrics ask no key; the document is OpenAPI 3.1 and names the calls', async () => {
  for (const path of ['/health/live', '/health/ready', '/metrics', '/docs', '/openapi.json']) {
    expect([path, (await platform.call('GET', path, { key: null })).status]).toEqual([path, 200])
  }
  const { body } = await get('/openapi.json')
  expect(body.openapi).toBe('3.1.0')
  expect(Object.keys(body.paths as object)).toEqual(
    expect.arrayContaining([
      '/v1/projects/{p}/connections',
      '/v1/projects/{p}/events/{id}/body',
      '/webhooks/{provider}/{webhook_key}',
    ]),
  )
})
