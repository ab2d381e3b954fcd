import { expect, test } from '@jest/globals'
import { KeyRing, KeySource } from '@app/secrets'
import { CredentialVault } from './credential-vault.ts'

class Keys extends KeySource {
  readonly encryptionKeys = [{ id: 'k', key: Buffer.alloc(32, 1) }] as const
}
const vault = new CredentialVault(new KeyRing(new Keys()))
const owner = { id: 'c', project_id: 'p', environment: 'dev' }

test('what was replaced is kept for a day, and only what was replaced last', () => {
  const before = Date.now()
  const first = vault.open({ ...owner, credentials: vault.seal(owner, { secret: 'one' }) })
  expect(first).toEqual({ current: { secret: 'one' } })
  const second = vault.open({ ...owner, credentials: vault.seal(owner, { secret: 'two' }, first) })
  expect(second).toMatchObject({ current: { secret: 'two' }, previous: { values: { secret: 'one' } } })
  const honouredMs = Date.parse(second?.previous?.until ?? '') - before
  expect(honouredMs).toBeGreaterThanOrEqual(24 * 3_600_000)
  expect(honouredMs).toBeLessThan(24 * 3_600_000 + 60_000)
})

test.each([
  { ...owner, id: 'another' },
  { ...owner, project_id: 'another' },
  { ...owner, environment: 'prod' },
])('moved to %o it does not open', (elsewhere) => {
  const credentials = vault.seal(owner, { secret: 'one' })
  expect(() => vault.open({ ...elsewhere, credentials })).toThrow('cannot be opened')
})
