import { expect, test } from '@jest/globals'
import { KeyRing, KeySource } from '@app/secrets'
import { CredentialVault, stillHonoured, type StoredCredentials } from './credential-vault.ts'

class Keys extends KeySource {
  readonly encryptionKeys = [{ id: 'k', key: Buffer.alloc(32, 1) }] as const
}
const vault = new CredentialVault(new KeyRing(new Keys()))
const owner = { id: 'c', project_id: 'p', environment: 'dev' }

const DAY_MS = 24 * 3_600_000
/** Sealed over what was there before, and opened. */
const rotated = (secret: string, before?: StoredCredentials | null): StoredCredentials | null =>
  vault.open({ ...owner, credentials: vault.seal(owner, { secret }, before) })
const honoured = (stored: StoredCredentials | null) =>
  stillHonoured(stored!).map(({ values }) => values.secret)

test('what was replaced is honoured for a day', () => {
  const before = Date.now()
  const first = rotated('one')
  expect(first).toEqual({ current: { secret: 'one' } })
  const second = rotated('two', first)
  expect(second).toMatchObject({ current: { secret: 'two' }, previous: [{ values: { secret: 'one' } }] })
  const honouredMs = Date.parse(second?.previous?.[0]?.until ?? '') - before
  expect(honouredMs).toBeGreaterThanOrEqual(DAY_MS)
  expect(honouredMs).toBeLessThan(DAY_MS + 60_000)
})

test('rotated again within the day, both earlier ones are honoured, each until its own time; five at most', () => {
  const third = rotated('three', rotated('two', rotated('one')))
  expect(honoured(third)).toEqual(['two', 'one'])
  const over = third!.previous!.map((set, n) =>
    n === 1 ? { ...set, until: new Date(0).toISOString() } : set,
  )
  expect(honoured({ ...third!, previous: over })).toEqual(['two'])
  expect(honoured(rotated('four', { ...third!, previous: over }))).toEqual(['three', 'two'])
  let many = rotated('0')
  for (let n = 1; n < 9; n++) many = rotated(String(n), many)
  expect(honoured(many)).toEqual(['7', '6', '5', '4', '3'])
})

test.each([
  { ...owner, id: 'another' },
  { ...owner, project_id: 'another' },
  { ...owner, environment: 'prod' },
])('moved to %o it does not open', (elsewhere) => {
  const credentials = vault.seal(owner, { secret: 'one' })
  expect(() => vault.open({ ...elsewhere, credentials })).toThrow('cannot be opened')
})
