import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import prettier from 'prettier'
import ts from 'typescript'
import { identifierOf } from './names.ts'
import { newProvider, Refused } from './new-provider.ts'
import { registryRow } from './registry-row.ts'
import { foldersOf, registryOf } from './registry.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wasl-new-provider-'))
  mkdirSync(foldersOf(root), { recursive: true })
  cpSync('migrations', join(root, 'migrations'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

const fileOf = (...path: string[]): string => readFileSync(join(foldersOf(root), ...path), 'utf8')

test('the committed registry is what the folders say', () => {
  const committed = readFileSync(join(foldersOf('.'), 'registry.ts'), 'utf8')
  expect(committed).toBe(registryOf('.'))
})

test('a folder, its line in the registry, and what to do next', () => {
  const steps = newProvider('salla', root)
  expect(readdirSync(join(foldersOf(root), 'salla')).sort()).toEqual([
    'README.md',
    'fixtures',
    'index.ts',
    'map.ts',
    'salla.spec.ts',
    'webhook.ts',
  ])
  expect(fileOf('registry.ts')).toMatch("\nexport { salla } from './salla/index.ts'\n")
  expect(fileOf('salla', 'README.md')).toMatch(/^# Salla\n/)
  for (const step of [
    'the enum value',
    'the registry row',
    'sort_order',
    'payment capabilities',
    'countries',
  ])
    expect(steps).toMatch(step)
})

test('what the registry knows is not asked again', () => {
  const steps = newProvider('moyasar', root)
  expect(fileOf('moyasar', 'index.ts')).toMatch("name: { en: 'Moyasar', ar: 'ميسر' }")
  for (const known of [
    "category: 'payment'",
    "docs: 'https://docs.moyasar.com'",
    "lifecycle: 'stable'",
    'mena: true',
  ])
    expect(fileOf('moyasar', 'index.ts')).toMatch(known)
  expect(fileOf('moyasar', 'README.md')).toMatch(/^# Moyasar · ميسر\n/)
  expect(steps).not.toMatch('enum value')
})

test('every provider of the registry is known', () => {
  const sql = readFileSync('migrations/074_unified_integration_platform_mena.sql', 'utf8')
  const ids = [...sql.matchAll(/^ +\(\d+, '(\w+)', /gm)].map((found) => found[1] ?? '')
  expect(ids).toHaveLength(49)
  expect(ids.filter((id) => !registryRow('.', id)?.docs)).toEqual([])
  expect(ids.filter((id) => registryRow('.', id)?.mena)).toHaveLength(13)
  expect(registryRow('.', 'stripe')).toMatchObject({ en: 'Stripe', category: 'payment', mena: false })
})

test.each(['', 'Salla', 'salla-pay', 'سلة', '1salla', '_salla', '../salla', 'salla ', 's'.repeat(64)])(
  '"%s" is refused, and nothing is written',
  (id) => {
    expect(() => newProvider(id, root)).toThrow(Refused)
    expect(readdirSync(foldersOf(root))).toEqual([])
  },
)

test('what is there already is refused, and so is another id of the same name in code', () => {
  newProvider('aws_me', root)
  const before = fileOf('aws_me', 'index.ts')
  expect(() => newProvider('aws_me', root)).toThrow('libs/providers/src/aws_me is there already.')
  expect(() => newProvider('aws__me', root)).toThrow(
    '"aws__me" and "aws_me" would both be called awsMe in code.',
  )
  expect(fileOf('aws_me', 'index.ts')).toBe(before)
  expect(existsSync(join(foldersOf(root), 'aws__me'))).toBe(false)
})

test.each(['salla', 'switch', 'webhooks', 'define_connector', 'a_1', 'tap_payments_', 'await'])(
  '%s: what is written is sound TypeScript, formatted as the house does',
  async (id) => {
    newProvider(id, root)
    const options = JSON.parse(readFileSync('.prettierrc.json', 'utf8')) as prettier.Options
    const files = readdirSync(join(foldersOf(root), id)).filter((name) => name.endsWith('.ts'))
    for (const path of [...files.map((name) => [id, name]), ['registry.ts']]) {
      const text = fileOf(...path)
      expect(await prettier.check(text, { ...options, parser: 'typescript' })).toBe(true)
      const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true })
      expect(diagnostics).toEqual([])
    }
    expect(fileOf(id, 'index.ts')).toMatch(`export const ${identifierOf(id)} = `)
  },
)
