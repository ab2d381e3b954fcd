import { join } from 'node:path'
import { describe, test } from '@jest/globals'
import type { Connector } from '@app/connector-kit'
import { credentialQuestions } from './connector/credentials.ts'
import { errorQuestions } from './connector/errors.ts'
import { fixturesIn, isTalk, isWebhook } from './connector/fixtures.ts'
import { identityQuestions } from './connector/identity.ts'
import { keptHeaderQuestions } from './connector/kept-headers.ts'
import { missedQuestions } from './connector/missed.ts'
import { promiseQuestions } from './connector/promises.ts'
import type { Question } from './connector/question.ts'
import { registrationQuestions } from './connector/registration.ts'
import { silenceQuestion } from './connector/silence.ts'
import { webhookQuestions } from './connector/webhooks.ts'

const PROVIDERS = join(process.cwd(), 'libs/providers/src')

/** Asks a connector what every connector is asked: one test a question. */
export function describeConnector(connector: Connector): void {
  describe(`${connector.manifest.id} as every connector`, () => {
    for (const { asks, objections } of questionsTo(connector)) {
      test(asks, async () => {
        const wrong = await objections()
        if (wrong.length > 0) throw new Error(wrong.join('\n'))
      })
    }
  })
}

/** The questions that every connector answers (unified-models.md 8). A lesson learnt from one is asked of all. */
export function questionsTo(
  connector: Connector,
  folder = join(PROVIDERS, connector.manifest.id),
): Question[] {
  const fixtures = fixturesIn(join(folder, 'fixtures'))
  const deliveries = fixtures.filter(isWebhook)
  const talks = fixtures.filter(isTalk)
  const { webhooks } = connector
  return [
    ...identityQuestions(connector, folder),
    ...credentialQuestions(connector),
    ...promiseQuestions(connector, fixtures),
    ...(webhooks ? webhookQuestions(connector, webhooks, deliveries) : []),
    ...(webhooks ? keptHeaderQuestions(webhooks, deliveries) : []),
    ...(webhooks ? missedQuestions(connector, webhooks, talks) : []),
    ...(webhooks ? registrationQuestions(connector, webhooks, talks) : []),
    ...errorQuestions(connector),
    silenceQuestion(connector, deliveries, talks),
  ]
}
