import type { Connector } from '@app/connector-kit'
import { Delivery } from '@app/connector-kit'
import { Secret } from '@app/secrets'
import { healthOn } from './errors.ts'
import type { Named, TalkFixture, WebhookFixture } from './fixtures.ts'
import { type Question, unless } from './question.ts'
import { heard } from './talk.ts'

/** Logs are the platform's, redacted; what a connector prints would pass them by. */
export function silenceQuestion(
  connector: Connector,
  fixtures: readonly Named<WebhookFixture>[],
  talks: readonly Named<TalkFixture>[],
): Question {
  return {
    asks: 'prints nothing, whatever it is asked to do',
    objections: async () => {
      const printed = await printedWhile(async () => {
        await healthOn(connector, 200, '{}')
        for (const { headers, body, secrets, query = '' } of fixtures) {
          const url = `https://wasl.example/webhooks/x/key${query}`
          const given = new Delivery('POST', url, headers.flat(), Buffer.from(body), new Date(0))
          const lent = (field: string): Secret[] => [Secret.of(secrets[field] ?? 'canary')]
          await connector.webhooks?.verify(given, { secrets: lent })
          connector.webhooks?.normalise(given)
        }
        for (const talk of talks) await heard(connector, talk).catch(() => undefined)
      })
      return unless(
        printed === 0,
        `It printed ${printed} times. Leave logging to the platform, which redacts.`,
      )
    },
  }
}

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const

async function printedWhile(action: () => Promise<void>): Promise<number> {
  let times = 0
  const counted = (): boolean => ++times > 0
  const before = METHODS.map((name) => [name, console[name]] as const)
  const writes = [process.stdout, process.stderr].map((stream) => [stream, stream.write] as const)
  for (const name of METHODS) console[name] = counted
  for (const [stream] of writes) stream.write = counted
  try {
    await action()
  } finally {
    for (const [name, method] of before) console[name] = method
    for (const [stream, write] of writes) stream.write = write
  }
  return times
}
