import { expect, test } from '@jest/globals'
import { Delivery, type Scheme, sign, verify } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { packed, unpacked } from './quarantine.ts'

const scheme: Scheme = { scheme: 'timestamped_hmac', at: { header: 'x-signature' } }
const LONG_AGO = new Date('2026-01-10T09:00:00Z')
const arrived = async (): Promise<Delivery> =>
  (await sign(
    scheme,
    new Delivery(
      'POST',
      'https://wasl.example/webhooks/x/k?a=1',
      ['X-Note', 'سلام'],
      Buffer.from([0, 255, 10]),
      LONG_AGO,
    ),
    Secret.of('a secret'),
  ))!

test('comes out as it went in: method, address, every header line, every byte', async () => {
  const before = await arrived()
  const after = unpacked(packed(before), LONG_AGO)
  expect([after.method, after.url, after.header('x-note')]).toEqual([before.method, before.url, 'سلام'])
  expect(after.lines('x-signature')).toEqual(before.lines('x-signature'))
  expect(after.rawBody.equals(before.rawBody)).toBe(true)
})

test('a signed time is judged by the time of receipt, however long it waited', async () => {
  const secrets = [Secret.of('a secret')]
  expect(await verify(scheme, unpacked(packed(await arrived()), LONG_AGO), secrets)).toEqual({ ok: true })
  const late = new Date(LONG_AGO.getTime() + 301_000)
  expect(await verify(scheme, unpacked(packed(await arrived()), late), secrets)).toMatchObject({ ok: false })
})
