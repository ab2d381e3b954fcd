import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { declared } from './declared.ts'
import { envExample, settingsTable } from './explain.ts'
import { projectRoot } from './project-root.ts'
import { SettingRefused } from './setting.ts'
import { Settings } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'wasl-config-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})
const read = (environment: Record<string, string>): Settings =>
  Settings.read({ DATA_DIR: join(folder, 'data'), ...environment })

test('the docs are what is declared (UPDATE=1 writes them)', () => {
  const files: [string, string][] = [
    [
      'docs/settings.md',
      `# Settings\n\nGenerated from \`libs/config/src/declared.ts\`. A wrong value stops the start with one line that names it.\n\n${settingsTable()}\n`,
    ],
    ['.env.example', envExample()],
  ]
  for (const [name, text] of files) {
    const path = join(projectRoot(), name)
    if (process.env.UPDATE) writeFileSync(path, text)
    expect(readFileSync(path, 'utf8')).toBe(text)
  }
})

test('every example is a value that is accepted', () => {
  for (const [name, setting] of Object.entries(declared)) {
    if (name === 'ADMIN_API_KEY') continue // Its example is advice, not a key that somebody might copy.
    expect(() => setting.read(setting.example)).not.toThrow()
  }
})

test.each([
  ['PORT', '70000'],
  ['PORT', '-1'],
  ['PUBLIC_URL', 'ftp://x'],
  ['PUBLIC_URL', 'https://u:p@x'],
  ['DATABASE_URL', 'mysql://x'],
  ['BODY_STORE_URL', 'https://x'],
  ['ENCRYPTION_KEYS', 'a:short'],
  ['ROLES', 'api,cook'],
  ['OUTBOUND_ALLOWED_CIDRS', '10.0.0.0/99'],
  ['DATA_COUNTRY', 'Saudi'],
  ['RETENTION_BODIES', '3 days'],
  ['RETENTION_EVENTS', 'P29D'],
  ['RETENTION_AUDIT', 'P6M'],
  ['LOG_LEVEL', 'loud'],
])('%s=%s is refused by name, without the value', (name, value) => {
  try {
    read({ [name]: value })
    throw new Error('it was accepted')
  } catch (error) {
    expect(error).toBeInstanceOf(SettingRefused)
    expect((error as Error).message.startsWith(`${name} is `)).toBe(true)
    expect((error as Error).message.split('Example')[0]).not.toContain(value)
  }
})

test('what was generated stays, and is for its owner only', () => {
  const [first, second] = [read({}), read({})]
  expect(first.adminKey.reveal()).toBe(second.adminKey.reveal())
  expect(first.encryptionKeys[0].key.equals(second.encryptionKeys[0].key)).toBe(true)
  expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
  chmodSync(join(folder, 'data', 'admin-key'), 0o644)
  expect(() => read({})).toThrow('open to other users')
  chmodSync(join(folder, 'data', 'admin-key'), 0o600)
})

test('production refuses generated and short keys', () => {
  const keys = { ENCRYPTION_KEYS: declared.ENCRYPTION_KEYS.example }
  expect(() => read({ NODE_ENV: 'production', ...keys })).toThrow('ADMIN_API_KEY is not set')
  expect(() => read({ NODE_ENV: 'production', ADMIN_API_KEY: 'x'.repeat(31), ...keys })).toThrow(
    'shorter than the 32',
  )
  expect(() => read({ NODE_ENV: 'production', ADMIN_API_KEY: 'x'.repeat(32) })).toThrow(
    'ENCRYPTION_KEYS is not set',
  )
  expect(read({ NODE_ENV: 'production', ADMIN_API_KEY: 'x'.repeat(32), ...keys }).production).toBe(true)
})
