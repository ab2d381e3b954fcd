import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/child.ts'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { PlayedProvider } from '../support/played-provider.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { idsAt, tell } from '../support/teller.ts'

const environment = {
  ENCRYPTION_KEYS: `shared:${Buffer.alloc(32, 7).toString('base64')}`,
  OUTBOUND_ALLOWED_CIDRS: '127.0.0.1/32',
}
let api: TestPlatform
let app: PlayedProvider
const workers: TestPlatform[] = []
const startWorker = async (): Promise<TestPlatform> => {
  const worker = await startPlatform({ ...environment, ROLES: 'worker' }, false, api.database)
  workers.push(worker)
  return worker
}

beforeAll(async () => {
  api = await startPlatform({ ...environment, ROLES: 'api' })
  app = await PlayedProvider.start()
})
afterAll(async () => {
  await app.stop()
  for (const worker of workers) await worker.stop()
  await api.stop()
  delete process.env.ENCRYPTION_KEYS
})

test('a worker that stops ends what it can, and gives the rest back as if it had not been tried', async () => {
  const project = await makers(api).project()
  const made = await api.call('POST', `/v1/projects/${project}/destinations`, {
    body: { url: `${app.url}/` },
  })
  expect(made.status).toBe(201)
  const statusOf = async (event: string): Promise<unknown[]> => {
    const [row] = await sql<{ status: string; tries: number; error: string | null; attempts: number }>(
      api.database.url,
      `SELECT status, retry_count AS tries, error_message AS error,
         (SELECT count(*)::int FROM delivery_attempts WHERE delivery_id = w.id) AS attempts
       FROM destination_deliveries w WHERE outgoing_event_id = $1`,
      [event],
    )
    return [row?.status, row?.tries, row?.error, row?.attempts]
  }

  let answerLate: () => void = () => undefined
  app.answer = (_, response, body) => {
    const { type } = JSON.parse(body.toString()) as { type: string }
    if (type === 'issue.opened') answerLate = () => response.writeHead(204).end()
  }
  const slow = await tell(api, project, { type: 'issue.opened' })
  const silent = await tell(api, project, { type: 'issue.closed' })
  // Nobody sends in a process that only serves the API.
  expect([await statusOf(slow), await statusOf(silent)]).toEqual([
    ['pending', 0, null, 0],
    ['pending', 0, null, 0],
  ])
  const worker = await startWorker()
  await eventually(
    async () => app.seen.length,
    (seen) => seen === 2,
    5_000,
  )
  expect(new Set(idsAt(app))).toEqual(new Set([slow, silent]))

  workers.pop()
  const stopped = worker.stop()
  answerLate()
  await stopped
  expect(await statusOf(slow)).toEqual(['delivered', 1, null, 1])
  expect(await statusOf(silent)).toEqual(['pending', 0, null, 0])

  app.answer = (_, response) => response.writeHead(204).end()
  await startWorker()
  const { answer } = await eventually(
    () => statusOf(silent),
    ([status]) => status === 'delivered',
    5_000,
  )
  expect(answer).toEqual(['delivered', 1, null, 1])
})
