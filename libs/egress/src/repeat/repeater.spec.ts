import { describe, expect, test } from '@jest/globals'
import { Readable } from 'node:stream'
import type { EgressRequest, SendOptions } from '../egress-request.ts'
import type { FinishedCall } from '../finished-call.ts'
import type { LocalServer } from '../testing/local-server.ts'
import { egress, failing, serving, to } from '../testing/scene.ts'
import { TestClock } from '../testing/test-clock.ts'

/** A provider that answers these in turn, the last one for ever; 0 cuts the line. */
async function provider(...statuses: number[]): Promise<LocalServer> {
  let calls = 0
  return serving((request, response) => {
    const status = statuses[Math.min(calls++, statuses.length - 1)] ?? 0
    if (status === 0) request.socket.destroy()
    else response.writeHead(status, { 'retry-after': '1' }).end(`answer ${calls}`)
  })
}

function repeating(server: LocalServer, rest: Partial<EgressRequest> = {}, options: SendOptions = {}) {
  const clock = new TestClock()
  const out = egress({ clock })
  const calls: FinishedCall[] = []
  out.onCall((call) => calls.push(call))
  return { clock, calls, sent: out.send(to(server, rest), { repeat: true, ...options }) }
}

const post: Partial<EgressRequest> = { method: 'POST', body: 'x' }

describe('a read is repeated', () => {
  test('until it succeeds, after what the provider asked for; each try is announced', async () => {
    const server = await provider(503, 0, 200)
    const { clock, calls, sent } = repeating(server)
    expect((await sent).body.toString()).toBe('answer 3')
    expect(clock.waits).toEqual([1_025, 250])
    expect(calls.map(({ attempt, outcome, status }) => [attempt, outcome, status])).toEqual([
      [1, 'answered', 503],
      [2, 'provider_error', undefined],
      [3, 'answered', 200],
    ])
  })

  test('three times, then the last answer stands', async () => {
    const server = await provider(502)
    expect((await repeating(server).sent).status).toBe(502)
    expect(server.requests).toHaveLength(3)
  })

  test('not where nobody asked for it', async () => {
    const server = await provider(503, 200)
    expect((await repeating(server, {}, { repeat: false }).sent).status).toBe(503)
  })

  test('within the time of one call', async () => {
    const server = await provider(503)
    const { clock, sent } = repeating(server, {}, { limits: { totalMs: 2_000 } })
    expect((await sent).status).toBe(503)
    expect(clock.waits).toEqual([1_025])
  })
})

describe('a write', () => {
  test('that may have been done is not repeated', async () => {
    const server = await provider(0, 200)
    expect(await failing(repeating(server, post).sent)).toMatchObject({ effect: 'unknown' })
    expect(server.requests).toHaveLength(1)
    expect((await repeating(await provider(503, 200), post).sent).status).toBe(503)
  })

  test('that was not done is', async () => {
    const server = await provider(429, 200)
    expect((await repeating(server, post).sent).status).toBe(200)
    expect(server.requests.map(({ body }) => body)).toEqual(['x', 'x'])
  })

  test('with a key that the provider knows it by is, even in doubt', async () => {
    const server = await provider(0, 503, 200)
    expect((await repeating(server, { ...post, keyed: true }).sent).status).toBe(200)
  })

  test('whose body is a stream is sent once', async () => {
    const server = await provider(429, 200)
    expect((await repeating(server, { ...post, body: Readable.from(['x']) }).sent).status).toBe(429)
    expect(server.requests).toMatchObject([{ body: 'x' }])
  })
})

test('a caller that gives up during the wait waits no longer', async () => {
  const giveUp = new AbortController()
  const server = await serving((_, response) => {
    response.writeHead(503).end()
    giveUp.abort()
  })
  const out = egress()
  const sent = out.send(to(server), { repeat: true, signal: giveUp.signal, limits: { totalMs: 600_000 } })
  await sent.catch(() => undefined)
  expect(server.requests).toHaveLength(1)
})
