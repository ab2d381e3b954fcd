import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { EgressRoutes } from '@app/egress'
import { catalogueOfProblems, newId } from '@app/http'
import { MetricFlusher } from '@app/metrics'
import { connectors } from '@app/providers'
import { type LocalServer, localServer } from '../../libs/egress/src/testing/local-server.ts'
import { sql } from '../support/database.ts'
import { type Connected, githubSignature, makers, TAP_SECRET } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let a: ReturnType<typeof makers>
let provider: LocalServer
let project: string
let status = 200

beforeAll(async () => {
  platform = await startPlatform()
  a = makers(platform)
  provider = await localServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  platform.app.get(EgressRoutes).add('https://api.tap.company', `http://127.0.0.1:${provider.port}`)
})
afterAll(async () => {
  await platform.stop()
  await provider.close()
})
beforeEach(async () => {
  project = await a.project()
  status = 200
})

async function metrics(query = '', key?: string, of = project): Promise<Record<string, any>> {
  await platform.app.get(MetricFlusher).flush()
  const { body } = await platform.call<Record<string, any>>('GET', `/v1/projects/${of}/metrics${query}`, {
    ...(key && { key }),
  })
  return body
}
const verify = ({ id }: Connected, answer: number): Promise<unknown> => {
  status = answer
  return platform.call('POST', `/v1/projects/${project}/connections/${id}/verify`)
}

test('what happens is counted where it happens: links, calls, deliveries', async () => {
  const tap = await a.connection(project)
  for (const answer of [200, 200, 500, 429]) await verify(tap, answer)
  const shop = await a.github(project, 'a webhook secret')
  const deliver = (body: string, signature: string) =>
    platform.call('POST', shop.path, {
      key: null,
      body,
      headers: { 'x-hub-signature-256': signature, 'x-github-delivery': newId() },
    })
  await deliver('{}', githubSignature('a webhook secret', '{}'))
  await deliver('{}', githubSignature('another', '{}'))
  const { totals, data, ...rest } = await metrics()
  expect(rest).toMatchObject({ interval: 'hour', next_cursor: null })
  expect(data).toHaveLength(24)
  expect(totals).toMatchObject({
    total_connections: 2,
    new_connections: 2,
    failed_connections: 0,
    api_calls_total: 4,
    api_calls_success: 2,
    api_calls_failed: 2,
    error_rate: 0.5,
    rate_limit_hits: 1,
    webhooks_received: 2,
    webhooks_failed: 1,
    response_time_ms: { count: 4 },
  })
  expect(data.at(-1)).toEqual({ at: data.at(-1).at, ...totals })
  expect(data[0]).toMatchObject({ api_calls_total: 0, error_rate: null, response_time_ms: { p50: null } })
  const ofTap = await metrics(`?provider=tap_payments&connection_id=${tap.id}`)
  expect(ofTap.totals).toMatchObject({ api_calls_total: 4, webhooks_received: 0, new_connections: 1 })
  expect((await metrics(`?provider=github`)).totals).toMatchObject({
    api_calls_total: 0,
    webhooks_received: 2,
  })
})

test('credentials that a provider rejects are a failed connection, of nobody yet', async () => {
  status = 401
  const refused = await platform.call('POST', `/v1/projects/${project}/connections`, {
    body: { provider: 'tap_payments', environment: 'dev', credentials: { secret_key: TAP_SECRET } },
  })
  expect(refused.body.code).toBe('credentials_rejected')
  await platform.app.get(MetricFlusher).flush()
  const [row] = await sql(
    platform.database.url,
    'SELECT sum(failed_connections)::int AS n FROM integration_metrics_hourly WHERE connection_id IS NULL',
  )
  expect(row).toEqual({ n: 1 })
})

test('by day and hour, percentiles over all connections that were asked for', async () => {
  const [first, second] = [await a.connection(project), await a.connection(project)]
  for (const [{ id }, hour, ms] of [
    [first, '2026-03-01T22:30:00Z', 8],
    [first, '2026-03-01T23:30:00Z', 80],
    [second, '2026-03-02T00:30:00Z', 800],
  ] as const) {
    await sql(platform.database.url, 'SELECT record_integration_metrics($1, 1, $2)', [
      newId(),
      JSON.stringify([
        {
          provider: 'tap_payments',
          connection_id: id,
          hour,
          api_calls_total: 1,
          response_time_count: 1,
          response_time_sum_ms: ms,
          response_time_buckets: [
            1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000, 1e9,
          ].map((bound, n, all) => Number(ms <= bound && ms > (all[n - 1] ?? -1))),
        },
      ]),
    ])
  }
  const span = 'from=2026-03-01T00:00:00Z&to=2026-03-02T12:00:00Z'
  const days = await metrics(`?interval=day&${span}`)
  expect(days.data.map((day: any) => [day.at, day.api_calls_total, day.response_time_ms.p99])).toEqual([
    ['2026-03-01T00:00:00.000Z', 2, 99],
    ['2026-03-02T00:00:00.000Z', 1, 995],
  ])
  expect(days.totals.response_time_ms).toEqual({ count: 3, average: 296, p50: 75, p95: 925, p99: 985 })
  const hours = await metrics(`?interval=hour&connection_id=${first.id}&${span}`)
  expect(hours.data.filter((hour: any) => hour.api_calls_total > 0).map((hour: any) => hour.at)).toEqual([
    '2026-03-01T22:00:00.000Z',
    '2026-03-01T23:00:00.000Z',
  ])
})

describe('whose they are', () => {
  test("another project's connections count for nobody else, nor for a key of another environment", async () => {
    const tap = await a.connection(project)
    await verify(tap, 200)
    const other = await a.project()
    const key = await a.key(other)
    for (const query of ['', `?connection_id=${tap.id}`, '?provider=tap_payments'])
      expect((await metrics(query, key, other)).totals).toMatchObject({
        api_calls_total: 0,
        new_connections: 0,
      })
    expect(await metrics('', key)).toMatchObject({ code: 'not_found' })
    expect(await metrics('', undefined, newId())).toMatchObject({ code: 'not_found' })
    const prod = await a.key(project, { environment: 'prod' })
    expect((await metrics('', prod)).totals).toMatchObject({ api_calls_total: 0 })
    const dev = await a.key(project, { environment: 'dev' })
    expect((await metrics('', dev)).totals).toMatchObject({ api_calls_total: 1 })
    expect(await metrics('', await a.key(project, { scopes: ['payments'] }))).toMatchObject({
      code: 'forbidden',
    })
  })

  test.each([
    'interval=week',
    'from=yesterday',
    'connection_id=1',
    'x=1',
    'from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z',
    'interval=day&from=2020-01-01T00:00:00Z',
    'from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z',
  ])('%s is refused', async (query) => {
    expect(await metrics(`?${query}`)).toMatchObject({ status: 400, code: 'invalid_request' })
  })
})

test('no label of /metrics has a value from outside', async () => {
  const planted = 'planted7f3e9'
  const tap = await a.connection(project, { alias: planted })
  await verify(tap, 418)
  for (const path of [
    `/webhooks/${planted}/${planted}${planted}`,
    `/v1/${planted}`,
    `/webhooks/github/${planted}${planted}`,
  ])
    await platform.call('POST', path, { body: '{}', headers: { 'x-github-event': planted }, key: planted })
  await platform.call(planted.toUpperCase(), `/v1/projects/${project}/metrics`).catch(() => null)
  const { text } = await platform.call('GET', '/metrics', { key: null })
  expect(text).not.toContain(planted)
  expect(text).not.toContain(tap.id)
  expect(text).toContain('nodejs_eventloop_lag_seconds')
  const providers = [...connectors.map(({ manifest }) => manifest.id), 'unknown', 'other']
  const words: Record<string, (value: string) => boolean> = {
    provider: (value) => providers.includes(value),
    outcome: (value) =>
      [
        ...catalogueOfProblems.keys(),
        ...['accepted', 'duplicate', 'written', 'known', 'lost', 'again'],
      ].includes(value) || /^([1-5]xx|provider_[a-z]+|refused_address)$/.test(value),
    le: (value) => /^(\+Inf|[\d.]+)$/.test(value),
  }
  // What the runtime tells of itself, and our own words for kinds of things.
  const ours = /^[A-Za-z][a-zA-Z0-9_./]{0,40}$|^v?\d+(\.\d+)*$/
  for (const [, name = '', value = ''] of text.matchAll(/[{,]([a-z_]+)="([^"]*)"/g))
    expect([name, value, (words[name] ?? ((word) => ours.test(word)))(value)]).toEqual([name, value, true])
})
