import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Settings } from '@app/config'
import { Database } from '@app/database'
import { Egress, EgressRoutes, type FinishedCall } from '@app/egress'
import { KeyRing, KeySource } from '@app/secrets'
import { type FreshDatabase, freshDatabase } from '../../../../test/support/database.ts'
import { ProviderDouble } from '../../../../test/support/provider-double.ts'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { ConnectorContexts } from './connector-contexts.ts'

class Keys extends KeySource {
  readonly encryptionKeys = [{ id: 'k', key: Buffer.alloc(32, 1) }] as const
}
const vault = new CredentialVault(new KeyRing(new Keys()))
const heard: FinishedCall[] = []
let fresh: FreshDatabase
let database: Database
let double: ProviderDouble
let egress: Egress
let contexts: ConnectorContexts
let project: string

beforeAll(async () => {
  fresh = await freshDatabase()
  database = await Database.connect(fresh.url)
  double = await new ProviderDouble().open()
  const routes = new EgressRoutes(false)
  routes.add('https://api.github.com', double.url)
  egress = new Egress({ allowed: [], routes })
  egress.onCall((call) => heard.push(call))
  contexts = new ConnectorContexts(vault, egress, database, { publicUrl: 'https://wasl.example' } as Settings)
})
beforeEach(async () => {
  heard.length = 0
  double.mood = 'healthy'
  const [row] = await database.query<{ id: string }>("INSERT INTO projects (name) VALUES ('p') RETURNING id")
  project = row?.id ?? ''
  await database.query('INSERT INTO project_settings (project_id) VALUES ($1)', [project])
})
afterAll(async () => {
  await egress.close()
  await double.close()
  await database.close()
  await fresh.drop()
})

async function made({ status = 'connected', provider = 'github', sealed = true } = {}): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    `INSERT INTO integration_connections (project_id, provider, status, environment, config)
     VALUES ($1, $2, $3, 'staging', '{"repository": "acme/shop"}') RETURNING id`,
    [project, provider, status],
  )
  const id = row?.id ?? ''
  const owner = { id, project_id: project, environment: 'staging' }
  if (sealed) {
    const envelope = vault.seal(owner, { token: `ghp_${'a'.repeat(36)}`, webhook_secret: 'a secret' })
    await database.query('UPDATE integration_connections SET credentials = $2 WHERE id = $1', [id, envelope])
  }
  return id
}

test('lends what a question needs, counted as what the caller calls it', async () => {
  const id = await made()
  const lent = await contexts.lendById(id, 'find-gaps')
  expect(lent).toMatchObject({
    connector: { manifest: { id: 'github' } },
    connection: { id, project_id: project, status: 'connected' },
    ctx: { environment: 'staging', mode: 'test', config: { repository: 'acme/shop' } },
  })
  expect(String(lent?.ctx.creds.webhook_secret)).toBe('[secret]')
  expect((await lent?.ctx.http.request({ method: 'GET', path: '/user' }))?.status).toBe(200)
  expect(heard.map(({ about }) => about)).toEqual([
    {
      provider: 'github',
      operation: 'find-gaps',
      projectId: project,
      environment: 'staging',
      connection: id,
    },
  ])
})

test('its calls end with the signal', async () => {
  double.mood = 'hanging'
  const stop = new AbortController()
  const lent = await contexts.lendById(await made(), 'find-gaps', stop.signal)
  const called = double.nextCall()
  const answer = lent?.ctx.http.request({ method: 'GET', path: '/user' })
  await called
  stop.abort()
  await expect(answer).rejects.toMatchObject({ reason: 'cancelled' })
})

test.each(['pending', 'failed', 'expired', 'disconnected', 'suspended'])(
  'nothing while %s',
  async (status) => {
    expect(await contexts.lendById(await made({ status }), 'x')).toBeNull()
  },
)

test('something while its token is being refreshed', async () => {
  expect(await contexts.lendById(await made({ status: 'refreshing' }), 'x')).not.toBeNull()
})

test('nothing without credentials, without a connector, without a project, of nobody', async () => {
  expect(await contexts.lendById(await made({ sealed: false }), 'x')).toBeNull()
  expect(await contexts.lendById(await made({ provider: 'stripe' }), 'x')).toBeNull()
  expect(await contexts.lendById('01a20b6b-0000-7000-8000-000000000000', 'x')).toBeNull()
  const id = await made()
  await database.query('UPDATE project_settings SET deleted_at = now() WHERE project_id = $1', [project])
  expect(await contexts.lendById(id, 'x')).toBeNull()
})
