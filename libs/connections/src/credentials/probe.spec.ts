import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Egress, EgressRoutes, type FinishedCall } from '@app/egress'
import { connectorOf } from '@app/providers'
import { ProviderDouble } from '../../../../test/support/provider-double.ts'
import { Probe, type ProbeOutcome } from './probe.ts'

const TOKEN = `ghp_${'a'.repeat(36)}`
const connection = { id: 'c1', project_id: 'p1', provider: 'github', environment: 'dev', config: {} } as const
const github = connectorOf('github')!
const heard: FinishedCall[] = []
let double: ProviderDouble
let egress: Egress
let probe: Probe

beforeAll(async () => {
  double = await new ProviderDouble().open()
  const routes = new EgressRoutes(false)
  routes.add('https://api.github.com', double.url)
  egress = new Egress({ allowed: [], routes, limits: { headersMs: 1_000, totalMs: 2_000 } })
  egress.onCall((call) => heard.push(call))
  probe = new Probe(egress)
})
beforeEach(() => {
  heard.length = 0
})
afterAll(async () => {
  await egress.close()
  await double.close()
})

const asked = (signal?: AbortSignal) => probe.ask(github, connection, { token: TOKEN }, signal)

test.each<[ProviderDouble['mood'], ProbeOutcome]>([
  ['healthy', { kind: 'ok', account: { id: '7', name: 'acme' } }],
  ['refusing', { kind: 'rejected' }],
  ['failing', { kind: 'unreachable', why: 'provider_error' }],
  ['throttling', { kind: 'unreachable', why: 'rate_limited' }],
  ['babbling', { kind: 'unreachable', why: 'provider_error' }],
  ['hanging', { kind: 'unreachable', why: 'provider_timeout' }],
])('a %s provider', async (mood, outcome) => {
  double.mood = mood
  expect((await asked()).outcome).toEqual(outcome)
})

test('a provider that is not there', async () => {
  await double.close()
  expect((await asked()).outcome).toEqual({ kind: 'unreachable', why: 'provider_unavailable' })
  await double.open()
})

test('says whose call it was, so that nobody takes it for traffic', async () => {
  double.mood = 'healthy'
  await asked()
  expect(heard.map(({ about }) => about)).toMatchObject([
    { provider: 'github', connection: 'c1', operation: 'health' },
  ])
})

test('is cut off when the process stops', async () => {
  double.mood = 'hanging'
  const stop = new AbortController()
  const called = double.nextCall()
  const answer = asked(stop.signal)
  await called
  stop.abort()
  await answer
  expect(heard.map(({ reason }) => reason)).toEqual(['cancelled'])
})
