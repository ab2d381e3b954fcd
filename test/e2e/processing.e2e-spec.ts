import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/child.ts'
import { sql } from '../support/database.ts'
import { githubSignature, makers, TAP_CHARGE, TAP_HASH } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let project: string
beforeAll(async () => {
  platform = await startPlatform({ ROLES: 'api,worker' })
  project = await makers(platform).project()
})
afterAll(() => platform.stop())

const deliver = async (path: string, body: string, headers: Record<string, string>): Promise<string> => {
  const answer = await platform.call<{ event_id: string }>('POST', path, { key: null, body, headers })
  expect(answer.status).toBe(200)
  return answer.body.event_id
}
const ended = async (id: string): Promise<any> => {
  const { answer } = await eventually(
    () => platform.call<any>('GET', `/v1/projects/${project}/events/${id}`),
    ({ body }) => body.status === 'completed' || body.status === 'dead_letter',
    10_000,
  )
  return answer.body
}
const outgoing = (id: string): Promise<any[]> =>
  sql(platform.database.url, 'SELECT * FROM outgoing_events WHERE event_id = $1 ORDER BY id', [id])

test('a push becomes an event of ours, in the transaction that ends it', async () => {
  const { path } = await makers(platform).github(project, 'shh')
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before: 'a',
    after: 'b',
    repository: { full_name: 'acme/shop' },
  })
  const id = await deliver(path, body, {
    'x-hub-signature-256': githubSignature('shh', body),
    'x-github-event': 'push',
    'x-github-delivery': 'd-1',
  })
  expect(await ended(id)).toMatchObject({ status: 'completed', attempts: 1, error: null })
  expect(await outgoing(id)).toMatchObject([
    {
      type: 'code.pushed',
      subject: 'acme/shop',
      provider: 'github',
      project_id: project,
      data: { object: { provider_ref: 'acme/shop', ref: 'refs/heads/main' }, trust: 'signed' },
    },
  ])
})

test('what was signed and cannot be read is a dead letter at once, and nothing goes out', async () => {
  const { path } = await makers(platform).github(project, 'shh')
  const id = await deliver(path, '{"zen": ', {
    'x-hub-signature-256': githubSignature('shh', '{"zen": '),
    'x-github-event': 'push',
    'x-github-delivery': 'd-2',
  })
  expect(await ended(id)).toMatchObject({ status: 'dead_letter', attempts: 1, error: 'unreadable_body' })
  expect(await outgoing(id)).toEqual([])
})

test('a charge of Tap', async () => {
  const { path } = await makers(platform).connection(project)
  const id = await deliver(path, TAP_CHARGE, { hashstring: TAP_HASH, 'content-type': 'application/json' })
  expect(await ended(id)).toMatchObject({ status: 'completed' })
})

test('a grant that was taken back ends the connection of that account, and of no other', async () => {
  const { path, id } = await makers(platform).github(project, 'shh')
  await sql(
    platform.database.url,
    "UPDATE integration_connections SET external_account_id = '7' WHERE id = $1",
    [id],
  )
  const status = async (): Promise<unknown> =>
    (await platform.call('GET', `/v1/projects/${project}/connections/${id}`)).body.status
  for (const [sender, expected] of [
    [8, 'connected'],
    [7, 'expired'],
  ] as const) {
    const body = JSON.stringify({ action: 'revoked', sender: { id: sender } })
    const event = await deliver(path, body, {
      'x-hub-signature-256': githubSignature('shh', body),
      'x-github-event': 'github_app_authorization',
      'x-github-delivery': `revoked-${sender}`,
    })
    await ended(event)
    expect([sender, await status()]).toEqual([sender, expected])
  }
})
