import { describe, expect, test } from '@jest/globals'
import { type Connector, type Ctx, credsOf, type Reply } from '@app/connector-kit'

const CODES = [
  'invalid_request',
  'connection_unauthorized',
  'not_found',
  'invalid_state',
  'unsupported',
  'declined',
  'not_eligible',
  'duplicate',
  'rate_limited',
  'provider_unavailable',
  'provider_timeout',
  'provider_error',
]

/** How a connector weighs what its provider answers (unified-models.md 2.6), and whether its health check believes it. */
export function describeErrors(connector: Connector): void {
  const canaries = Object.fromEntries(
    Object.keys(connector.credentials).map((name) => [name, `canary-of-${name}`]),
  )

  describe('what the provider answers', () => {
    test.each([200, 201, 204])('%i with nothing wrong in it is no error', (status) => {
      expect(connector.classify(reply(status, '{}'))).toBeNull()
    })

    test.each([
      [401, { code: 'connection_unauthorized', retry: 'after_fix', effect: 'none' }],
      [429, { code: 'rate_limited', retry: 'same', effect: 'none' }],
      [500, { effect: 'unknown' }],
      [502, { effect: 'unknown' }],
    ])('%i is weighed', (status, weight) => {
      expect(connector.classify(reply(status, '{}'))).toMatchObject(weight)
    })

    test('every refusal is weighed in known words, whatever the body is, and repeats none of it', () => {
      for (let status = 400; status < 600; status++) {
        for (const text of ['', '{}', '[]', 'null', '<html>', '{"errors":[{"code":"canary"}]}']) {
          const problem = connector.classify(reply(status, text))
          expect(CODES).toContain(problem?.code)
          expect(['never', 'same', 'other', 'after_fix']).toContain(problem?.retry)
          expect(['none', 'unknown', 'done']).toContain(problem?.effect)
          expect(JSON.stringify({ ...problem, nativeCode: '' })).not.toContain('canary')
        }
      }
    })

    test('its health check asks the provider, and believes a refusal', async () => {
      expect(await healthOn(401, '{}')).toMatchObject({ ok: false, detail: 'credentials_rejected' })
      expect(await healthOn(500, '<html>')).toMatchObject({ ok: false, detail: 'provider_error' })
      expect(JSON.stringify(await healthOn(200, '{}'))).not.toContain('canary')
    })
  })

  async function healthOn(status: number, text: string): Promise<unknown> {
    const asked: unknown[] = []
    const ctx: Ctx = {
      http: {
        request: async (call) => {
          asked.push(call)
          return reply(status, text)
        },
      },
      creds: credsOf(connector.credentials, canaries),
      config: {},
      environment: 'dev',
      mode: 'test',
      now: () => new Date(0),
    }
    const health = await connector.health(ctx)
    expect(asked.length).toBeGreaterThan(0)
    // The platform puts the proof in; a secret in a connector's own call would be one that it revealed.
    const secrets = Object.keys(connector.credentials).filter((name) => connector.credentials[name]?.secret)
    for (const name of secrets) expect(JSON.stringify(asked)).not.toContain(`canary-of-${name}`)
    return health
  }
}

function reply(status: number, text: string): Reply {
  return { status, headers: {}, text, json: () => JSON.parse(text) as unknown }
}
