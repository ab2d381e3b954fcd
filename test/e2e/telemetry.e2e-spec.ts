import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { EgressRoutes } from '@app/egress'
import { type LocalServer, localServer } from '../../libs/egress/src/testing/local-server.ts'
import { githubSignature, makers } from '../support/makers.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const PLANTED = 'planted7f3e9'
const SECRET = 'a webhook secret'

let collector: LocalServer
let provider: LocalServer
let platform: TestPlatform
let connectionId: string
let spans: any[]
let metrics: any[]
let sent: string

// Everything is asked of one run: what waits is sent when the platform stops.
beforeAll(async () => {
  collector = await localServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
  )
  provider = await localServer((_, response) => response.writeHead(500).end('{}'))
  platform = await startPlatform({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}/` })
  platform.app.get(EgressRoutes).add('https://api.tap.company', `http://127.0.0.1:${provider.port}`)
  const a = makers(platform)
  const project = await a.project({ name: PLANTED })
  const tap = await a.connection(project, { alias: PLANTED, verify: false })
  connectionId = tap.id
  await platform.call('POST', `/v1/projects/${project}/connections/${tap.id}/verify`, { body: {} })
  const shop = await a.github(project, SECRET)
  const deliver = (path: string, signature: string) =>
    platform.call('POST', `${path}?token=${PLANTED}`, {
      key: null,
      body: `{"x":"${PLANTED}"}`,
      headers: {
        'x-hub-signature-256': signature,
        'x-github-delivery': PLANTED,
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      },
    })
  await deliver(shop.path, githubSignature(SECRET, `{"x":"${PLANTED}"}`))
  await deliver(`/webhooks/${PLANTED}/${PLANTED}${PLANTED}`, PLANTED)
  await platform.call('GET', `/v1/${PLANTED}?q=${PLANTED}`, { headers: { 'x-request-id': PLANTED } })
  await platform.call('GET', `/v1/projects/${project}?q=${PLANTED}`)
  await platform.stop()
  const bodies = (path: string): any[] =>
    collector.requests.filter(({ url }) => url === path).map(({ body }) => JSON.parse(body))
  spans = bodies('/v1/traces').flatMap((body) =>
    body.resourceSpans.flatMap((one: any) => one.scopeSpans.flatMap((scope: any) => scope.spans)),
  )
  metrics = bodies('/v1/metrics').flatMap((body) =>
    body.resourceMetrics.flatMap((one: any) => one.scopeMetrics.flatMap((scope: any) => scope.metrics)),
  )
  sent = collector.requests.map(({ body }) => body).join('\n')
})
afterAll(async () => {
  await collector.close()
  await provider.close()
})

const attributes = (span: any): Record<string, unknown> =>
  Object.fromEntries(span.attributes.map(({ key, value }: any) => [key, Object.values(value)[0]]))
const named = (name: string): any => spans.find((span) => span.name === name)

describe('spans', () => {
  test('of a request, and within it of the call that it made', () => {
    const request = named('POST /v1/projects/:p/connections/:id/verify')
    expect(attributes(request)).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/projects/:p/connections/:id/verify',
      'http.response.status_code': 200,
    })
    const call = named('POST tap_payments')
    expect(call).toMatchObject({ traceId: request.traceId, parentSpanId: request.spanId, kind: 3 })
    expect(attributes(call)).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 500,
      'wasl.provider': 'tap_payments',
      'wasl.outcome': 'answered',
      'wasl.operation': 'health',
      'server.address': 'api.tap.company',
      'url.template': '/v2/charges/list',
    })
    expect(Number(call.endTimeUnixNano)).toBeGreaterThan(Number(call.startTimeUnixNano))
  })

  test('of deliveries, taken and refused; a sender does not choose the trace', () => {
    const deliveries = spans.filter(({ name }) => name === 'POST /webhooks/{provider}/{webhook_key}')
    expect(deliveries.map(attributes)).toEqual([
      expect.objectContaining({ 'wasl.provider': 'github', 'http.response.status_code': 200 }),
      expect.objectContaining({ 'wasl.provider': 'other', 'http.response.status_code': 404 }),
    ])
    expect(deliveries.map(({ traceId }) => traceId)).not.toContain('a'.repeat(32))
  })

  test('of an address that is nobody’s: the method alone', () => {
    const nowhere = spans.filter(
      (span) => attributes(span)['http.response.status_code'] === 404 && span.name === 'GET',
    )
    expect(nowhere.map(attributes)).toEqual([
      { 'http.request.method': 'GET', 'http.response.status_code': 404 },
    ])
  })
})

test('metrics have the names and labels of /metrics', () => {
  const byName = Object.fromEntries(metrics.map((metric) => [metric.name, metric]))
  expect(byName.wasl_provider_calls_total.sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 })
  expect(
    byName.wasl_provider_calls_total.sum.dataPoints.map((point: any) => [attributes(point), point.asDouble]),
  ).toEqual([[{ provider: 'tap_payments', outcome: '5xx' }, 1]])
  const [seconds] = byName.wasl_provider_call_seconds.histogram.dataPoints
  expect(seconds).toMatchObject({ count: 1 })
  expect(seconds.bucketCounts.length).toBe(seconds.explicitBounds.length + 1)
  expect(seconds.bucketCounts.reduce((sum: number, n: number) => sum + n, 0)).toBe(1)
  expect(byName.process_resident_memory_bytes.gauge.dataPoints[0].asDouble).toBeGreaterThan(1e6)
})

test('nothing from outside is in what was sent', () => {
  expect(spans.length).toBeGreaterThan(5)
  expect(sent).not.toContain(PLANTED)
  expect(sent).not.toContain(connectionId)
  expect(sent).toContain('"service.name","value":{"stringValue":"wasl"}')
  expect(sent).not.toMatch(/process\.(command|owner|executable)/)
})
