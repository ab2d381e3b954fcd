import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'

const folder = mkdtempSync(join(tmpdir(), 'wasl-secrets-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function scan(...files: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, ['scripts/find-secrets.mjs', ...files], { encoding: 'utf8' })
}

// Put together here, so that this file holds none itself.
const letters = 'Zq7vT3nXw9LmB4kR8sYpHc2Jd5Fg6WaEuQiVtKoNbMxCyDzSrPlO'
const PLANTED = {
  'a live key': ['sk_', 'live_', letters.slice(0, 24)],
  'a GitHub token': ['gh', 'p_', letters.slice(0, 36)],
  'an AWS key id': ['AK', 'IA', 'QW7ZLT3NXV9LMB4K'],
  'a Slack token': ['xo', 'xb-', '12345678901-', letters.slice(0, 20)],
  'a webhook secret': ['wh', 'sec_', letters.slice(0, 32)],
  'a key of Wasl': ['wasl_', 'prod_', '9f3c1a7be2d04658_', letters.slice(0, 51)],
  'a private key': ['-----BEGIN ', 'PRIVATE KEY-----\n', letters],
  'a token': ['eyJ', letters.slice(0, 20), '.eyJ', letters.slice(0, 30), '.', letters.slice(0, 30)],
}

test.each(Object.entries(PLANTED))('%s is found, by file and line, and not printed', (kind, parts) => {
  const file = join(folder, 'settings.txt')
  writeFileSync(file, `first line\nKEY=${parts.join('')}\n`)
  const { status, stderr } = scan(file)
  expect([status, stderr]).toEqual([1, expect.stringContaining(`${file}:2: looks like ${kind}`)])
  expect(stderr).not.toContain(parts.join('').slice(-16))
})

test('this repository holds none', () => {
  expect(scan()).toMatchObject({ status: 0, stderr: '' })
})
