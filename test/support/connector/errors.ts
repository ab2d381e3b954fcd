import { type Connector, credsOf, ctxOf, type Health, type Reply } from '@app/connector-kit'
import { type Question, unless } from './question.ts'

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
const RETRIES = ['never', 'same', 'other', 'after_fix']
const EFFECTS = ['none', 'unknown', 'done']
const BODIES = ['', '{}', '[]', 'null', '<html>', '{"errors":[{"code":"canary"}]}']

/** How a connector weighs what its provider answers (unified-models.md 2.6), and whether its health check believes it. */
export function errorQuestions(connector: Connector): Question[] {
  return [
    {
      asks: 'finds nothing wrong in a good answer',
      objections: () =>
        [200, 201, 204].flatMap((status) =>
          unless(
            connector.classify(reply(status, '{}')) === null,
            `classify: ${status} with {} is no error.`,
          ),
        ),
    },
    {
      asks: 'weighs 401, 429 and 5xx as they are',
      objections: () => [
        ...weighed(connector, 401, { code: 'connection_unauthorized', retry: 'after_fix', effect: 'none' }),
        ...weighed(connector, 429, { code: 'rate_limited', retry: 'same', effect: 'none' }),
        ...weighed(connector, 500, { effect: 'unknown' }),
        ...weighed(connector, 502, { effect: 'unknown' }),
      ],
    },
    {
      asks: 'weighs every refusal in known words, whatever the body is, and repeats none of it',
      objections: () => {
        for (let status = 400; status < 600; status++) {
          for (const text of BODIES) {
            const problem = connector.classify(reply(status, text))
            const known =
              problem !== null &&
              CODES.includes(problem.code) &&
              RETRIES.includes(problem.retry) &&
              EFFECTS.includes(problem.effect)
            if (!known) return [`classify: ${status} with ${text || 'nothing'} needs code, retry and effect.`]
            if (JSON.stringify({ ...problem, nativeCode: '' }).includes('canary')) {
              return [`classify: ${status} repeats the provider's text; only nativeCode may.`]
            }
          }
        }
        return []
      },
    },
    {
      asks: 'asks the provider for its health, and believes a refusal',
      objections: async () => {
        const [refusal, failure] = [
          await healthOn(connector, 401, '{}'),
          await healthOn(connector, 500, '<html>'),
        ]
        return [
          ...unless(refusal.calls.length > 0, 'health: ask the provider; a cheap, read-only call.'),
          ...unless(
            !refusal.health.ok && refusal.health.detail === 'credentials_rejected',
            'health: 401 is not ok, with detail credentials_rejected.',
          ),
          ...unless(
            !failure.health.ok && failure.health.detail === 'provider_error',
            'health: 500 is not ok, with detail provider_error.',
          ),
        ]
      },
    },
    {
      asks: 'puts no credential into a call or a finding of its own',
      objections: async () => {
        const { calls, health } = await healthOn(connector, 200, '{}')
        // The platform puts the proof in; a secret in a connector's own call would be one that it revealed.
        const secrets = Object.keys(connector.credentials).filter(
          (name) => connector.credentials[name]?.secret,
        )
        return secrets
          .filter((name) => JSON.stringify([calls, health]).includes(`canary-of-${name}`))
          .map((name) => `health shows ${name}: declare it in auth and let the platform put it in.`)
      },
    },
  ]
}

function weighed(connector: Connector, status: number, wanted: Record<string, string>): string[] {
  const problem: Record<string, unknown> = { ...connector.classify(reply(status, '{}')) }
  const wrong = Object.entries(wanted).filter(([name, value]) => problem[name] !== value)
  return wrong.map(
    ([name, value]) => `classify: ${status} has ${name} "${value}", not "${String(problem[name])}".`,
  )
}

/** What the health check finds, and which calls it made to find it. */
export async function healthOn(
  connector: Connector,
  status: number,
  text: string,
): Promise<{ health: Health; calls: unknown[] }> {
  const canaries = Object.fromEntries(
    Object.keys(connector.credentials).map((name) => [name, `canary-of-${name}`]),
  )
  const calls: unknown[] = []
  const ctx = ctxOf(connector, {
    http: {
      request: async (call) => {
        calls.push(call)
        return reply(status, text)
      },
    },
    creds: credsOf(connector.credentials, canaries),
    config: {},
    environment: 'dev',
    mode: 'test',
    now: () => new Date(0),
  })
  return { health: await connector.health(ctx), calls }
}

function reply(status: number, text: string): Reply {
  return { status, headers: {}, text, json: () => JSON.parse(text) as unknown }
}
