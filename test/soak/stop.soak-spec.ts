import { once } from 'node:events'
import { request } from 'node:http'
import { expect, test } from '@jest/globals'
import { ended, startProcess } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { Shop } from '../support/shop.ts'

test('SIGTERM with a caller that never comes to an end: cut off after 10 s, everything else in order, exit 0', async () => {
  const folders = dataDirs()
  const folder = folders.make()
  const platform = await startProcess({ DATA_DIR: folder, PORT: '0' })
  const shop = await Shop.open(platform.url, folder)
  const sent = request(platform.url + shop.path, {
    method: 'POST',
    headers: { 'content-length': 1_000, expect: '100-continue' },
  })
  const cut = once(sent, 'error')
  sent.flushHeaders()
  await once(sent, 'continue')
  const since = performance.now()
  platform.child.kill('SIGTERM')
  await cut
  expect(performance.now() - since).toBeGreaterThan(9_000)
  expect(await ended(platform.child)).toBe(0)
  expect(performance.now() - since).toBeLessThan(15_000)
  folders.remove()
}, 60_000)
