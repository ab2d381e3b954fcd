import { describe, expect, test } from '@jest/globals'
import type { FinishedCall } from './finished-call.ts'
import { egress, failing, serving, to } from './testing/scene.ts'
import { TestClock } from './testing/test-clock.ts'

const about = { provider: 'p', connection: 'c1' }

describe('the limit of the registry', () => {
  const limit = { requests: 2, perSeconds: 2 }

  test('lets a burst pass, then waits in line, then says when to come again; others are not concerned', async () => {
    const server = await serving((_, response) => response.end())
    const clock = new TestClock()
    const out = egress({ clock })
    out.paceBy(({ provider }) => (provider === 'p' ? limit : undefined))
    const calls: FinishedCall[] = []
    out.onCall((call) => calls.push(call))
    for (let call = 0; call < 3; call++) await out.send(to(server, { about }))
    expect(clock.waits).toEqual([1_000])
    const passed = Promise.withResolvers<void>()
    clock.wait = () => passed.promise
    // Two more take the seconds to come, and the next one would have to wait for longer than anybody should.
    const waiting = [1, 2].map(() => out.send(to(server, { about })))
    await new Promise(setImmediate)
    const failure = await failing(out.send(to(server, { method: 'POST', body: 'x', about })))
    expect(failure).toMatchObject({ code: 'rate_limited', retry: 'same', effect: 'none', retryAfter: 3 })
    expect(calls.at(-1)).toMatchObject({ outcome: 'rate_limited', about })
    await out.send(to(server, { about: { provider: 'p', connection: 'c2' } }))
    await out.send(to(server, { about: { provider: 'q', connection: 'c3' } }))
    await out.send(to(server))
    expect(server.requests).toHaveLength(6)
    passed.resolve()
    await Promise.all(waiting)
    expect(server.requests).toHaveLength(8)
  })
})

describe('the breaker', () => {
  test('opens for a connection whose provider fails, says so, and tries again after a minute', async () => {
    let broken = true
    const server = await serving((request, response) => {
      if (broken) request.socket.destroy()
      else response.end()
    })
    const clock = new TestClock()
    const out = egress({ clock })
    const heard: unknown[] = []
    out.breakers.onChange((change) => heard.push(change))
    for (let call = 0; call < 20; call++) await failing(out.send(to(server, { about })))
    expect(out.breakers.stateOf('c1')).toBe('open')
    const failure = await failing(out.send(to(server, { method: 'POST', body: 'x', about })))
    expect(failure).toMatchObject({
      code: 'provider_unavailable',
      reason: 'breaker_open',
      retry: 'other',
      effect: 'none',
      retryAfter: 60,
    })
    expect(server.requests).toHaveLength(20)
    broken = false
    await out.send(to(server, { about: { ...about, connection: 'c2' } }))
    clock.pass(60_000)
    for (let call = 0; call < 3; call++) await out.send(to(server, { about }))
    expect(out.breakers.stateOf('c1')).toBe('closed')
    expect(heard).toEqual(['open', 'half_open', 'closed'].map((state) => ({ connection: 'c1', state })))
  })

  test('lets a probe pass, once, and is not changed by its answer', async () => {
    const server = await serving((request) => request.socket.destroy())
    const out = egress()
    for (let call = 0; call < 20; call++) await failing(out.send(to(server, { about })))
    await failing(out.send(to(server, { about }), { probe: true, repeat: true }))
    expect(server.requests).toHaveLength(21)
    expect(out.breakers.stateOf('c1')).toBe('open')
  })

  test.each([402, 409, 422, 429, 401, 404])('is not concerned with %i', async (status) => {
    const server = await serving((_, response) => response.writeHead(status).end())
    const out = egress()
    for (let call = 0; call < 40; call++) await out.send(to(server, { about }))
    expect(out.breakers.stateOf('c1')).toBe('closed')
  })

  test('nor with callers that give up, nor with what we refuse ourselves', async () => {
    const out = egress()
    for (let call = 0; call < 20; call++) {
      await failing(out.send({ method: 'GET', url: 'https://10.0.0.1/', about }))
      await failing(
        out.send({ method: 'GET', url: 'https://x.test/', about }, { signal: AbortSignal.abort() }),
      )
    }
    expect(out.breakers.stateOf('c1')).toBe('closed')
  })

  test('counts answers of 500 and more', async () => {
    const server = await serving((_, response) => response.writeHead(503).end())
    const out = egress()
    for (let call = 0; call < 20; call++) await out.send(to(server, { about }))
    expect(out.breakers.stateOf('c1')).toBe('open')
  })
})
