import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import type { FinishedCall } from './finished-call.ts'
import { egress, failing, serving, to } from './testing/scene.ts'
import { TestClock } from './testing/test-clock.ts'

const MIB = 1024 * 1024

function listening(settings: Parameters<typeof egress>[0] = {}) {
  const out = egress(settings)
  const calls: FinishedCall[] = []
  const heard = Promise.withResolvers<void>()
  out.onCall((call) => {
    calls.push(call)
    heard.resolve()
  })
  return { out, calls, heard: heard.promise }
}

const flowing = (body: Buffer | Readable): Readable => {
  if (Buffer.isBuffer(body)) throw new Error('this answer was to be a stream')
  return body
}

describe('an answer passes', () => {
  test('whole where it is small', async () => {
    const server = await serving((_, response) => response.writeHead(404, { 'content-length': 2 }).end('no'))
    const { out, calls } = listening()
    expect(await out.stream(to(server))).toMatchObject({ status: 404, body: Buffer.from('no') })
    expect(calls).toMatchObject([{ status: 404, bytes: 2, outcome: 'answered' }])
  })

  test('as a stream where it is large, and is announced at its end', async () => {
    const server = await serving((_, response) => response.end(Buffer.alloc(3 * MIB, 'a')))
    const { out, calls, heard } = listening()
    const { status, body } = await out.stream(to(server))
    expect([status, calls.length]).toEqual([200, 0])
    expect((await buffer(flowing(body))).length).toBe(3 * MIB)
    await heard
    expect(calls).toMatchObject([{ bytes: 3 * MIB, outcome: 'answered' }])
  })

  test('decompressed', async () => {
    const server = await serving((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('سلام')),
    )
    const { body } = await listening().out.stream(to(server))
    expect(await text(flowing(body))).toBe('سلام')
  })

  test('after another try, and nothing of the first is left', async () => {
    let calls = 0
    const server = await serving((_, response) => {
      response.writeHead(++calls === 1 ? 503 : 200)
      response.end(Buffer.alloc(MIB, String(calls)))
    })
    const listener = listening({ clock: new TestClock() })
    const { status, body } = await listener.out.stream(to(server), { repeat: true })
    expect([status, (await buffer(flowing(body))).every((byte) => byte === 0x32)]).toEqual([200, true])
    expect(listener.calls).toMatchObject([
      { attempt: 1, status: 503, outcome: 'answered' },
      { attempt: 2, status: 200, outcome: 'answered' },
    ])
  })

  test('no faster than its reader takes it', async () => {
    let sent = 0
    const server = await serving((_, response) => {
      const chunk = Buffer.alloc(64 * 1024)
      const more = (): void => {
        while (sent < 100 && response.write(chunk)) sent++
        if (sent++ < 100) response.once('drain', more)
        else response.end()
      }
      more()
    })
    const { body } = await listening().out.stream(to(server))
    await once(body as Readable, 'readable')
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    expect(sent).toBeLessThan(100)
    expect((await buffer(flowing(body))).length).toBeGreaterThan(6 * MIB)
  })
})

describe('an answer that goes wrong', () => {
  test('says that it is too large: nothing of it passes', async () => {
    const server = await serving((_, response) =>
      response.writeHead(200, { 'content-length': 2 ** 30 }).end('x'),
    )
    expect(await failing(listening().out.stream(to(server)))).toMatchObject({
      code: 'provider_error',
      reason: 'too_large',
      status: 200,
    })
  })

  test('sends a gigabyte without saying so: it is cut off at the limit, and so is the provider', async () => {
    const gone = Promise.withResolvers<void>()
    const server = await serving((_, response) => {
      const chunk = Buffer.alloc(MIB)
      let sent = 0
      const more = (): void => {
        while (sent < 1024 && response.write(chunk)) sent++
        if (sent < 1024) response.once('drain', more)
      }
      response.once('close', () => {
        gone.resolve()
      })
      more()
    })
    const { out, calls, heard } = listening()
    const { body } = await out.stream(to(server))
    let size = 0
    const read = (async () => {
      for await (const chunk of flowing(body)) size += (chunk as Buffer).length
    })()
    await expect(read).rejects.toMatchObject({ code: 'provider_error', reason: 'too_large' })
    await Promise.all([heard, gone.promise])
    expect(size).toBeLessThanOrEqual(10 * MIB)
    expect(calls).toMatchObject([{ outcome: 'provider_error', reason: 'too_large', effect: 'none' }])
  })

  test('unpacks to too much: it is cut off', async () => {
    const server = await serving((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(11 * MIB))),
    )
    const { body } = await listening().out.stream(to(server))
    await expect(buffer(flowing(body))).rejects.toMatchObject({ reason: 'too_large' })
  })

  test('breaks off: the stream ends in an error', async () => {
    const server = await serving((request, response) => {
      response.writeHead(200, { 'content-length': MIB }).write('begun')
      setImmediate(() => request.socket.destroy())
    })
    const { out, calls, heard } = listening()
    const { body } = await out.stream(to(server, { method: 'POST', body: 'x' }))
    await expect(buffer(flowing(body))).rejects.toThrow()
    await heard
    expect(calls).toMatchObject([{ outcome: 'provider_error', status: 200, effect: 'unknown' }])
  })

  test('trickles: its time is up all the same', async () => {
    const server = await serving((_, response) => {
      const drip = setInterval(() => response.write('.'), 5)
      response.once('close', () => clearInterval(drip))
    })
    const { out, calls, heard } = listening({ limits: { totalMs: 100 } })
    const { body } = await out.stream(to(server))
    await expect(buffer(flowing(body))).rejects.toThrow()
    await heard
    expect(calls).toMatchObject([{ outcome: 'provider_timeout', reason: 'total_timeout' }])
  })

  test.each([
    ['leaves the stream', (body: Readable) => body.destroy()],
    ['gives up', (_: Readable, giveUp: AbortController) => giveUp.abort()],
  ])('because its reader %s: the provider hears of it', async (_, leave) => {
    const gone = Promise.withResolvers<void>()
    const server = await serving((_, response) => {
      response.once('close', () => {
        gone.resolve()
      })
      response.write('begun')
    })
    const giveUp = new AbortController()
    const { out, calls, heard } = listening()
    const { body } = await out.stream(to(server), { signal: giveUp.signal })
    flowing(body).on('error', () => undefined)
    leave(flowing(body), giveUp)
    await Promise.all([gone.promise, heard])
    expect(calls).toMatchObject([{ outcome: 'provider_timeout', reason: 'cancelled' }])
  })
})

describe('a request that is sent as it comes', () => {
  test.each([
    ['with its length', { bodyBytes: 4 }, { 'content-length': '4' }],
    ['in chunks', {}, { 'transfer-encoding': 'chunked' }],
  ])('%s', async (_, rest, headers) => {
    const server = await serving((_, response) => response.end('ok'))
    const { out } = listening()
    await out.stream(to(server, { method: 'PUT', body: Readable.from(['ab', 'cd']), ...rest }))
    expect(server.requests).toMatchObject([{ method: 'PUT', body: 'abcd', headers }])
  })

  test('and breaks off is a failure in doubt', async () => {
    const server = await serving((_, response) => response.end('ok'))
    const body = Readable.from(
      (function* () {
        yield 'ab'
        throw new Error('the caller went away')
      })(),
    )
    const failure = await failing(listening().out.stream(to(server, { method: 'PUT', body, bodyBytes: 9 })))
    expect(failure.effect).toBe('unknown')
  })
})

describe('what who listens is shown', () => {
  const json = { 'content-type': 'application/json' }

  test('of the bodies: 9 KiB of each, of text only', async () => {
    const server = await serving((request, response) => {
      const type = request.url === '/image' ? 'image/png' : 'application/problem+json'
      response.writeHead(422, { 'content-type': type }).end('é'.repeat(8_000))
    })
    const { out, calls } = listening()
    await out.send(to(server))
    const asked = { method: 'POST', headers: json, body: 'q'.repeat(10_000) }
    await out.send(to(server, asked))
    await out.send(to(server, { ...asked, url: `http://127.0.0.1:${server.port}/image` }))
    const [, shown, image] = calls.map(({ detail }) => detail)
    expect(shown).toMatchObject({ requestHeaders: json, requestBody: 'q'.repeat(9 * 1024) })
    expect(shown?.responseBody).toBe('é'.repeat(4_608))
    expect(shown?.responseHeaders).toMatchObject({ 'content-type': 'application/problem+json' })
    expect(image).not.toHaveProperty('responseBody')
  })

  test('never half a sign', async () => {
    const server = await serving((_, response) => response.writeHead(200, json).end(`x${'é'.repeat(8_000)}`))
    const { out, calls } = listening()
    await out.send(to(server))
    expect(calls[0]?.detail?.responseBody).toBe(`x${'é'.repeat(4_607)}`)
  })

  test('never what our own authentication put in', async () => {
    const server = await serving((_, response) => response.writeHead(400, json).end('{}'))
    const { out, calls } = listening()
    await out.send(
      to(server, {
        auth: {
          proof: ({ url }) =>
            Promise.resolve({ headers: { 'x-key': 'hunter2' }, url: new URL('?key=hunter2', url) }),
        },
      }),
    )
    expect(server.requests).toMatchObject([
      { url: '/v1/things?key=hunter2', headers: { 'x-key': 'hunter2' } },
    ])
    expect(JSON.stringify(calls)).not.toContain('hunter2')
  })
})
