import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { projectRoot } from '@app/config'
import { ended, startProcess } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'
import { githubSignature } from '../support/makers.ts'

const folders = dataDirs()
afterAll(() => {
  folders.remove()
})
const dataDir = (): string => folders.make()

const SECRET = 'a webhook secret'

async function api(
  url: string,
  folder: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, any>> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(join(folder, 'admin-key'), 'utf8').trim()}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return (await answer.json()) as Record<string, any>
}

test('kill -9 under load, then the next start: every acknowledged delivery is there with its bytes', async () => {
  const folder = dataDir()
  const first = await startProcess({ DATA_DIR: folder, PORT: '0' })
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, 'admin-key')).mode & 0o777).toBe(0o600)
  const project = String((await api(first.url, folder, 'POST', '/v1/projects', { name: 'p' })).id)
  const connection = await api(first.url, folder, 'POST', `/v1/projects/${project}/connections`, {
    provider: 'github',
    environment: 'dev',
    verify: false,
    credentials: { token: `ghp_${'a'.repeat(36)}`, webhook_secret: SECRET },
  })
  const path = new URL(connection.webhook.url as string).pathname

  const acknowledged = new Map<string, string>()
  let sent = 0
  const sender = async (): Promise<void> => {
    for (;;) {
      const body = `{"n":${sent++},"filler":"${'x'.repeat(1_500)}"}`
      const answer = await fetch(first.url + path, {
        method: 'POST',
        body,
        headers: {
          'x-hub-signature-256': githubSignature(SECRET, body),
          'x-github-delivery': body.slice(0, 12),
        },
      }).catch(() => null)
      if (answer === null) return
      if (answer.status === 200)
        acknowledged.set(((await answer.json().catch(() => ({}))) as { event_id: string }).event_id, body)
      if (acknowledged.size === 500) first.child.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: 24 }, sender))
  await ended(first.child)
  acknowledged.delete(undefined as never)
  expect(acknowledged.size).toBeGreaterThanOrEqual(500)

  const second = await startProcess({ DATA_DIR: folder, PORT: '0' })
  const key = readFileSync(join(folder, 'admin-key'), 'utf8').trim()
  for (const [id, body] of acknowledged) {
    const read = await fetch(`${second.url}/v1/projects/${project}/events/${id}/body?reason=test`, {
      headers: { authorization: `Bearer ${key}` },
    })
    expect([id, read.status, await read.text()]).toEqual([id, 200, body])
  }

  // While it runs: nobody else may use the folder, and a task by hand shares its database.
  await expect(startProcess({ DATA_DIR: folder, PORT: '0' })).rejects.toThrow(
    'Another Wasl runs with this DATA_DIR',
  )
  const byHand = (...names: string[]) =>
    spawnSync(process.execPath, [join(projectRoot(), 'scripts', 'task.mjs'), ...names], {
      env: { PATH: process.env.PATH ?? '', DATA_DIR: folder },
      encoding: 'utf8',
    })
  const unknown = byHand('rewrap-locks')
  expect([unknown.status, unknown.stdout]).toEqual([1, ''])
  expect(unknown.stderr).toMatch(/^There is no task "rewrap-locks"\. There are: .*, rewrap-keys.*\.\n$/)
  const task = byHand('rewrap-keys')
  // Nothing to do for any column that is sealed: all of it lies under the one key there is.
  expect([task.status, task.stdout.trim()]).toEqual([
    0,
    expect.stringMatching(/^rewrap-keys: \{("[a-z_]+\.[a-z_]+":0,){4}"under key generated-1":2\}$/),
  ])

  second.child.kill('SIGTERM')
  expect(await ended(second.child)).toBe(0)
}, 60_000)

test('a wrong setting stops the start with one line that names it', async () => {
  await expect(startProcess({ DATA_DIR: dataDir(), PORT: 'many' })).rejects.toThrow(
    'PORT is not a whole number from 0 to 65535. Example: PORT=8080',
  )
  await expect(startProcess({ DATA_DIR: dataDir(), NODE_ENV: 'production' })).rejects.toThrow(
    'ADMIN_API_KEY is not set, and production refuses a generated one.',
  )
})

test('a port that is taken is said so', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  await expect(startProcess({ DATA_DIR: dataDir(), PORT: String(port) })).rejects.toThrow(
    `PORT ${port} is taken`,
  )
  taken.close()
}, 60_000)
