import { describe, expect, test } from '@jest/globals'
import { type Ctx, ctxOf, Delivery, type Reply } from '@app/connector-kit'
import { describeConnector } from '../../../../test/support/describe-connector.ts'
import { github } from './index.ts'

describeConnector(github)

const webhooks = github.webhooks!

function delivery(event: string, payload: unknown): Delivery {
  const url = 'https://wasl.example/webhooks/github/k'
  return new Delivery(
    'POST',
    url,
    ['X-GitHub-Event', event],
    Buffer.from(JSON.stringify(payload)),
    new Date(0),
  )
}

describe("GitHub's words and ours", () => {
  test.each([
    ['push', { ref: 'refs/heads/main' }, 'code.pushed'],
    ['pull_request', { action: 'opened' }, 'pull_request.opened'],
    ['pull_request', { action: 'synchronize' }, 'pull_request.updated'],
    ['pull_request', { action: 'closed', pull_request: { merged: true } }, 'pull_request.merged'],
    ['pull_request', { action: 'closed', pull_request: { merged: false } }, 'pull_request.closed'],
    ['issues', { action: 'opened' }, 'issue.opened'],
    ['issues', { action: 'closed' }, 'issue.closed'],
    ['issues', { action: 'labeled' }, 'provider.unmapped'],
    ['issue_comment', { action: 'created' }, 'issue.commented'],
    ['release', { action: 'published' }, 'release.published'],
    ['release', { action: 'edited' }, 'provider.unmapped'],
    ['workflow_run', { action: 'requested' }, 'build.started'],
    ['workflow_run', { action: 'completed' }, 'build.completed'],
    ['check_suite', { action: 'completed' }, 'build.completed'],
    ['check_run', { action: 'created' }, 'build.started'],
    ['status', { state: 'pending' }, 'build.started'],
    ['status', { state: 'failure' }, 'build.completed'],
    ['deployment', {}, 'deploy.started'],
    ['deployment_status', { deployment_status: { state: 'in_progress' } }, 'deploy.started'],
    ['deployment_status', { deployment_status: { state: 'success' } }, 'deploy.completed'],
    ['deployment_status', { deployment_status: { state: 'inactive' } }, 'provider.unmapped'],
    ['installation', { action: 'created' }, 'connection.changed'],
    ['github_app_authorization', { action: 'revoked' }, 'connection.revoked'],
    ['star', { action: 'created' }, 'provider.unmapped'],
    ['constructor', {}, 'provider.unmapped'],
  ])('%s %j is %s', (event, payload, type) => {
    const given = delivery(event, { repository: { full_name: 'acme/shop' }, ...payload })
    expect(webhooks.normalise(given)[0]?.type).toBe(type)
  })

  test('facts are picked by name, and an unmapped event tells nothing but its name', () => {
    const pushed = { ref: 'refs/heads/main', before: 'a', after: 'b', commits: [{ message: 'canary' }] }
    expect(
      webhooks.normalise(delivery('push', { ...pushed, repository: { full_name: 'acme/shop' } })),
    ).toEqual([
      {
        resource: 'other',
        ref: 'acme/shop',
        native: 'push',
        type: 'code.pushed',
        facts: { repository: 'acme/shop', ref: 'refs/heads/main', before: 'a', after: 'b' },
      },
    ])
    const ended = { action: 'completed', workflow_run: { conclusion: 'success', actor: 'canary' } }
    expect(webhooks.normalise(delivery('workflow_run', ended))[0]?.facts).toEqual({
      repository: null,
      conclusion: 'success',
    })
    expect(webhooks.normalise(delivery('star', { action: 'created', sender: 'canary' }))[0]).toMatchObject({
      native: 'star.created',
      facts: {},
    })
  })
})

test.each([
  [{ 'retry-after': '60' }, 'rate_limited'],
  [{ 'x-ratelimit-remaining': '0' }, 'rate_limited'],
  [{}, 'invalid_request'],
])('403 with %j is %s', (headers, code) => {
  expect(github.classify({ status: 403, headers, text: '', json: () => null })?.code).toBe(code)
})

test('the account is who the token belongs to', async () => {
  const text = '{"id":583231,"login":"octocat","email":"canary@example.com"}'
  const health = await github.health(
    ctxOf(github, {
      http: {
        request: async () => ({ status: 200, headers: {}, text, json: () => JSON.parse(text) as unknown }),
      },
      creds: {},
      config: {},
      environment: 'dev',
      mode: 'test',
      now: () => new Date(0),
    }),
  )
  expect(health).toEqual({ ok: true, account: { id: '583231', name: 'octocat' } })
})

describe('what was missed', () => {
  const hooks = '[{"id":42,"active":true,"events":["push"],"config":{"url":"https://wasl.example/ours"}}]'
  const entry = (id: string): string =>
    `[{"id":${id},"guid":"g","delivered_at":"2026-01-04T20:00:00Z","event":"push","status_code":502}]`
  const own = { url: 'https://wasl.example/ours', leadsHere: () => true }
  const asked = async (id: string, status: number, text: string): Promise<[string[], (string | null)[]]> => {
    const paths: string[] = []
    const request = async ({ path }: { path: string }): Promise<Reply> => {
      paths.push(path)
      const detail = path.includes('/deliveries/')
      const said = detail ? text : path.endsWith('/hooks') ? hooks : entry(id)
      return {
        status: detail ? status : 200,
        headers: {},
        text: said,
        json: () => JSON.parse(said) as unknown,
      }
    }
    const ctx = { http: { request }, config: { repository: 'acme/shop' } } as unknown as Ctx
    const bodies: (string | null)[] = []
    for await (const { body } of webhooks.missed!(new Date(0), ctx, own))
      bodies.push((await body())?.toString() ?? null)
    return [paths, bodies]
  }

  test('is asked for by all its digits, and keeps those of its payload', async () => {
    const payload = '{"id":98765432109876543210,"ratio":1.50}'
    const detail = `{"id":12345678901234567890,"request":{"headers":{},"payload":${payload}}}`
    expect(await asked('12345678901234567890', 200, detail)).toEqual([
      [
        '/repos/acme/shop/hooks',
        '/repos/acme/shop/hooks/42/deliveries',
        '/repos/acme/shop/hooks/42/deliveries/12345678901234567890',
      ],
      [payload],
    ])
  })

  test.each([
    [404, '{"message":"Not Found"}'],
    [200, '{"id":1,"request":{"headers":{},"payload":null}}'],
  ])('and that GitHub no longer has (%d %s) has no body', async (status, text) => {
    expect((await asked('7', status, text))[1]).toEqual([null])
  })
})
