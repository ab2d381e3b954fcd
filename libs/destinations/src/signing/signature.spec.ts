import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { KeyRing } from '@app/secrets'
import { DestinationVault, newSigningSecret, rotated, signingSecrets } from './destination-vault.ts'
import { signedHeaders } from './signature.ts'

const ID = '0197a3c2-0000-7000-8000-000000000001'

test('whoever has the secret verifies it with the official library; whoever has another does not', () => {
  fc.assert(
    fc.property(fc.json(), (body) => {
      const secret = newSigningSecret()
      const headers = signedHeaders(ID, body, { secrets: [secret], at: new Date() })
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
      expect(() => new Webhook(newSigningSecret()).verify(body, headers)).toThrow('No matching signature')
      expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature')
    }),
  )
})

test('the signature covers id and time; the time is that of this try', () => {
  const secret = newSigningSecret()
  const headers = signedHeaders(ID, '{}', { secrets: [secret], at: new Date(1_767_225_600_999) })
  expect(headers['webhook-timestamp']).toBe('1767225600')
  expect(() => new Webhook(secret).verify('{}', headers)).toThrow('too old')
  const now = signedHeaders(ID, '{}', { secrets: [secret], at: new Date() })
  expect(() => new Webhook(secret).verify('{}', { ...now, 'webhook-id': 'another' })).toThrow('No matching')
})

test('a secret is 256 random bits behind its prefix', () => {
  const secrets = Array.from({ length: 50 }, newSigningSecret)
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
  }
  expect(new Set(secrets).size).toBe(50)
})

test('after a rotation both secrets verify for a day, each time the newest first', () => {
  const at = new Date('2026-11-24T12:00:00Z')
  const hours = (count: number): Date => new Date(at.getTime() + count * 3_600_000)
  const first = { signing: newSigningSecret(), credentials: { user: 'x' } }
  const second = rotated(first, at)
  expect(second.credentials).toEqual({ user: 'x' })
  expect(signingSecrets(second, hours(23.9))).toEqual([second.signing, first.signing])
  expect(signingSecrets(second, hours(24.1))).toEqual([second.signing])
  const third = rotated(second, hours(12))
  expect(signingSecrets(third, hours(23))).toEqual([third.signing, second.signing, first.signing])
  expect(signingSecrets(third, hours(25))).toEqual([third.signing, second.signing])
  // Old ones are forgotten, not only passed by.
  expect(rotated(third, hours(48)).previous?.map(({ secret }) => secret)).toEqual([third.signing])

  const now = new Date()
  const fresh = rotated(first, now)
  const headers = signedHeaders(ID, '{}', { secrets: signingSecrets(fresh, now), at: now })
  expect(headers['webhook-signature'].split(' ')).toHaveLength(2)
  for (const secret of [first.signing, fresh.signing])
    expect(new Webhook(secret).verify('{}', headers)).toEqual({})
})

test('however often is rotated within a day, a header holds five signatures', () => {
  let stored = { signing: newSigningSecret(), credentials: {} }
  const now = new Date()
  for (let n = 0; n < 20; n++) stored = rotated(stored, now)
  expect(signingSecrets(stored, now)).toHaveLength(5)
})

test('an envelope opens for its own destination, project and environment only', () => {
  const key = { id: 'k', key: Buffer.alloc(32, 1) }
  const vault = new DestinationVault(new KeyRing({ encryptionKeys: [key] }))
  const owner = { id: 'd', project_id: 'p', environment: null }
  const stored = { signing: newSigningSecret(), credentials: {} }
  const secrets = vault.seal(owner, stored)
  expect(JSON.stringify(secrets)).not.toContain(stored.signing)
  expect(vault.open({ ...owner, secrets })).toEqual(stored)
  expect(vault.open({ ...owner, secrets: null })).toBeNull()
  for (const other of [{ id: 'e' }, { project_id: 'q' }, { environment: 'prod' }])
    expect(() => vault.open({ ...owner, ...other, secrets })).toThrow('belongs to another')
})
