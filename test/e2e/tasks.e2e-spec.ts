import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Tasks } from '@app/jobs'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let tasks: Tasks
let project: string
beforeAll(async () => {
  platform = await startPlatform()
  tasks = platform.app.get(Tasks)
  project = await makers(platform).project()
})
afterAll(() => platform.stop())

const count = async (question: string): Promise<number> => {
  const [row] = await sql<{ n: number }>(platform.database.url, `SELECT count(*)::int AS n FROM ${question}`)
  return row?.n ?? -1
}

test('the tasks of this build', () => {
  expect(tasks.names()).toEqual(
    expect.arrayContaining([
      'body-sweep',
      'event-rescue',
      'find-gaps',
      'health-checks',
      'oauth-cleanup',
      'retention',
      'rewrap-keys',
      'webhook-registrations',
    ]),
  )
})

test('each runs over an empty platform, finds nothing, and shows in /metrics', async () => {
  for (const name of tasks.names()) {
    const outcome = await tasks.run(name)
    expect([name, outcome]).toEqual([name, expect.any(Object)])
  }
  const { text } = await platform.call('GET', '/metrics', { key: null })
  for (const name of tasks.names()) {
    expect(text).toContain(`wasl_task_runs_total{task="${name}",outcome="done"} 1`)
    expect(text).toContain(`wasl_task_last_run_timestamp_seconds{task="${name}"}`)
    expect(text).toContain(`wasl_task_duration_seconds{task="${name}"}`)
  }
})

test('oauth-cleanup: ten thousand sign-ins that nobody came back from go, those under way stay', async () => {
  await sql(
    platform.database.url,
    `INSERT INTO integration_oauth_states (state, project_id, provider, redirect_uri, expires_at)
     SELECT 'state ' || n, $1, 'github', 'https://wasl.example/cb',
       now() + CASE WHEN n <= 10000 THEN interval '-1 second' ELSE interval '10 minutes' END
     FROM generate_series(1, 10010) n`,
    [project],
  )
  expect(await tasks.run('oauth-cleanup')).toEqual({ removed: 10_000 })
  expect(await count('integration_oauth_states')).toBe(10)
  expect(await tasks.run('oauth-cleanup')).toEqual({ removed: 0 })
})

test('retention: the audit is kept for thirteen months, and news of health as long as events', async () => {
  const before = await count('audit_log')
  await sql(
    platform.database.url,
    `INSERT INTO audit_log (actor, action, subject, at)
     SELECT 'key', 'connection.changed', n::text, now() - make_interval(months => n) FROM generate_series(1, 20) n`,
  )
  await sql(
    platform.database.url,
    `INSERT INTO webhook_access_logs (event_id, accessed_by, access_reason, accessed_at)
     SELECT gen_random_uuid(), 'key', 'ticket', now() - make_interval(months => n) FROM generate_series(1, 20) n`,
  )
  await sql(
    platform.database.url,
    `WITH c AS (INSERT INTO integration_connections (project_id, provider) VALUES ($1, 'github') RETURNING *)
     INSERT INTO connection_health_changes (project_id, environment, connection_id, from_state, to_state, event_type, at)
     SELECT project_id, environment, id, 'healthy', 'degraded', 'connection.degraded', now() - make_interval(days => n)
     FROM c, generate_series(1, 90) n`,
    [project],
  )
  const outcome = await tasks.run('retention')
  // Random ids, of which a few may lie among those of the last months: they go later, never earlier.
  expect(outcome?.audit_removed).toBeGreaterThanOrEqual(4)
  expect(await count("audit_log WHERE at > now() - interval '13 months'")).toBe(before + 12)
  expect(outcome?.body_reads_removed).toBeGreaterThanOrEqual(4)
  expect(await count("webhook_access_logs WHERE accessed_at > now() - interval '13 months'")).toBe(12)
  expect(outcome?.health_changes_removed).toBeGreaterThanOrEqual(25)
  expect(await count("connection_health_changes WHERE at > now() - interval '60 days'")).toBe(59)
})

test('a name that nobody has given', async () => {
  await expect(tasks.run('token-refreshing')).rejects.toThrow(
    'There is no task "token-refreshing". There are:',
  )
})
