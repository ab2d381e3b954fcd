import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { rowCounts } from '../support/database.ts'
import { type Connected, githubSignature, makers, TAP_SECRET } from '../support/makers.ts'
import { ADMIN_KEY, type Answer, startPlatform, type TestPlatform } from '../support/platform.ts'
import { type RawAnswer, rawBytes, rawRequest } from '../support/raw-request.ts'

const MIB = 1024 * 1024
const SECRET = "It's a Secret to Everybody"
const ARABIC = /[\u0600-\u06ff]/
let platform: TestPlatform
let project: string
let tap: Connected
let github: Connected
let before: Record<string, number>

beforeAll(async () => {
  platform = await startPlatform()
  const a = makers(platform)
  project = await a.project()
  tap = await a.connection(project)
  github = await a.github(project, SECRET)
})
afterAll(() => platform.stop())

// Nothing is half-kept; what is written about a refusal (audit, quarantine, counts) is not what was asked for.
const ABOUT_REFUSALS = new Set([
  ...['audit_log', 'webhook_quarantine', 'body_keys'],
  ...['integration_metrics_hourly', 'metric_writers'],
])
const kept = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(await rowCounts(platform.database.url)).filter(([table]) => !ABOUT_REFUSALS.has(table)),
  )
beforeEach(async () => {
  before = await kept()
})
afterEach(async () => {
  expect(await kept()).toEqual(before)
})

type Asked = Answer<Record<string, any>>
const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  platform.call<Record<string, any>>(method, path, {
    ...(body !== undefined && { body }),
    headers: { 'accept-language': 'ar', ...headers },
  })
const json = { 'content-type': 'application/json' }
const connection = (fields: object): Promise<Asked> =>
  call('POST', `/v1/projects/${project}/connections`, {
    provider: 'tap_payments',
    environment: 'dev',
    credentials: { secret_key: TAP_SECRET },
    verify: false,
    ...fields,
  })

function expectProblem(
  answer: { status: number; body: any; text?: string },
  type: string | null | undefined,
  status: number,
  code: string,
  pointers?: string[],
): void {
  expect([answer.status, type, answer.body?.status, answer.body?.code]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
    status,
    code,
  ])
  expect([answer.body.title, answer.body.detail].every((text: string) => ARABIC.test(text))).toBe(true)
  expect(answer.body).toMatchObject({ type: `urn:wasl:problem:${code}`, request_id: expect.any(String) })
  if (!pointers) return
  expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers)
  for (const error of answer.body.errors) {
    expect(error).toEqual({
      pointer: error.pointer,
      code: expect.stringMatching(/^[a-z_]+$/),
      message: expect.stringMatching(ARABIC),
    })
  }
}
const refused = (answer: Asked, status: number, code: string, pointers?: string[]): void => {
  expectProblem(answer, answer.headers.get('content-type'), status, code, pointers)
}
const rawRefused = (answer: RawAnswer, status: number, code: string): void => {
  expectProblem(answer, answer.type, status, code)
}

describe('JSON that cannot be read', () => {
  test.each([
    ['cut off', '{"name":'],
    ['with a comma too many', '{"name":"x",}'],
    ['with single quotes', "{'name':'x'}"],
    ['that is two values', '{"name":"x"}{}'],
    ['that is NaN', '{"name":NaN}'],
    ['with `__proto__`', '{"name":"x","__proto__":{"a":1}}'],
    ['with `constructor.prototype`', '{"name":"x","constructor":{"prototype":{"a":1}}}'],
    ['deeper than any stack', '['.repeat(500_000)],
    ['deeper than any stack, and closed', '['.repeat(400_000) + ']'.repeat(400_000)],
  ])('%s: 400 or, where it is JSON, 422', async (_, body) => {
    const answer = await call('POST', '/v1/projects', body, json)
    refused(answer, body.endsWith(']') ? 422 : 400, 'invalid_request')
  })

  test('bytes that are no UTF-8: 400', async () => {
    const bytes = Buffer.concat([Buffer.from('{"name":"'), Buffer.of(0xff, 0xc3), Buffer.from('"}')])
    refused(await call('POST', '/v1/projects', bytes, json), 400, 'invalid_request')
  })

  test('nothing at all is no body: what is missing is named', async () => {
    refused(await call('POST', '/v1/projects', '', json), 422, 'invalid_request', ['/name'])
  })

  test.each(['null', '[]', '"x"', '1', 'true'])('%s instead of an object: 422', async (body) => {
    refused(await call('POST', '/v1/projects', body, json), 422, 'invalid_request')
  })
})

describe('fields', () => {
  test.each<[string, object, string[]]>([
    ['unknown ones', { surprise: 1, 'a/b~c': 2 }, ['/surprise', '/a~1b~0c']],
    ['`constructor`', JSON.parse('{"constructor":1}') as object, ['/constructor']],
    ['`prototype` inside', { metadata: { prototype: 'x' } }, ['/metadata/prototype']],
    ['NUL in a value', { alias: 'a\0b' }, ['/alias']],
    ['NUL in a key', { metadata: { 'a\0b': 'x' } }, ['/metadata/ab']],
    ['half a character', { metadata: { a: '\ud83d' } }, ['/metadata/a']],
    ['an over-long text', { alias: 'x'.repeat(101) }, ['/alias']],
    ['an over-long value of metadata', { metadata: { a: 'x'.repeat(501) } }, ['/metadata/a']],
    ['a list of 1,001', { config: { a: Array.from({ length: 1_001 }, () => 0) } }, ['/config/a']],
    ['a number for a text', { alias: 5 }, ['/alias']],
    ['a text for a yes or no', { verify: 'yes' }, ['/verify']],
    ['credentials that are a list', { credentials: [] }, ['/credentials']],
    ['an empty secret', { credentials: { secret_key: '' } }, ['/credentials/secret_key']],
    ['a secret of blanks', { credentials: { secret_key: '   ' } }, ['/credentials/secret_key']],
    ['a secret that is an object', { credentials: { secret_key: {} } }, ['/credentials/secret_key']],
    ['a missing secret', { credentials: {} }, ['/credentials/secret_key']],
    ['a provider that nobody knows', { provider: 'nobody' }, ['/provider']],
    ['a provider with NUL', { provider: 'tap\0' }, ['/provider']],
  ])('%s: 422 with a pointer', async (_, fields, pointers) => {
    refused(await connection(fields), 422, 'invalid_request', pointers)
  })

  test('nested deeper than 64: 422 with a pointer to the depth', async () => {
    let deep: unknown = 1
    for (let i = 0; i < 70; i++) deep = { a: deep }
    const answer = await connection({ config: { a: deep } })
    refused(answer, 422, 'invalid_request')
    expect(answer.body.errors).toEqual([
      expect.objectContaining({ code: 'too_deep', pointer: `/config${'/a'.repeat(63)}` }),
    ])
  })
})

describe('sizes', () => {
  const project = (size: number): string => `{"name":"${'x'.repeat(size - 11)}"}`

  test.each(['content-length', 'chunked'])('1 MiB by %s is read; a byte more is 413', async (how) => {
    const send = (size: number): Promise<RawAnswer> =>
      rawRequest(platform.url, 'POST', '/v1/projects', {
        headers: [
          ...[
            'authorization',
            `Bearer ${ADMIN_KEY}`,
            'content-type',
            'application/json',
            'accept-language',
            'ar',
          ],
          ...(how === 'chunked' ? ['transfer-encoding', how] : [how, String(size)]),
        ],
        body: project(size),
      })
    rawRefused(await send(MIB), 422, 'invalid_request')
    rawRefused(await send(MIB + 1), 413, 'payload_too_large')
  })

  test.each(['content-length', 'chunked'])('a delivery of 1 MiB and a byte by %s: 413', async (how) => {
    const body = Buffer.alloc(MIB + 1, 'x')
    rawRefused(
      await rawRequest(platform.url, 'POST', tap.path, {
        headers: [
          ...['hashstring', '0'.repeat(64), 'accept-language', 'ar'],
          ...(how === 'chunked' ? ['transfer-encoding', how] : [how, String(body.length)]),
        ],
        body,
      }),
      413,
      'payload_too_large',
    )
  })

  test.each([
    ['17 KiB', ['x-long', 'x'.repeat(17 * 1024)]],
    ['200 KiB in 99 lines', Array.from({ length: 99 }, (_, n) => [`x-${n}`, 'x'.repeat(2_048)]).flat()],
  ])('headers of %s: 431, in English: they are not read to their end', async (_, headers) => {
    for (const path of ['/v1/providers', github.path]) {
      const answer = await rawRequest(platform.url, 'GET', path, { headers })
      expect([answer.status, answer.type, answer.body.code]).toEqual([
        431,
        'application/problem+json; charset=utf-8',
        'headers_too_large',
      ])
    }
  })

  test('headers of 101 lines: 431', async () => {
    const headers = Array.from({ length: 98 }, (_, n) => [`x-${n}`, '1']).flat()
    for (const path of ['/v1/providers', github.path]) {
      const send = (more: string[]): Promise<RawAnswer> =>
        rawRequest(platform.url, 'GET', path, { headers: ['accept-language', 'ar', ...headers, ...more] })
      rawRefused(await send([]), 431, 'headers_too_large')
    }
  })
})

test('what is no HTTP: 400 as a problem, and the connection ends', async () => {
  const answer = await rawBytes(platform.url, 'GIVE me /v1/projects\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('application/problem+json')
  expect(answer).toContain('"code":"invalid_request"')
})

describe('compressed bodies', () => {
  test.each(['gzip', 'br', 'deflate', 'zstd'])('%s: 415, of the API and of a sender', async (encoding) => {
    const body = gzipSync('{"name":"x"}')
    const headers = { ...json, 'content-encoding': encoding }
    refused(await call('POST', '/v1/projects', body, headers), 415, 'unsupported_media_type')
    refused(
      await call('POST', github.path, body, {
        ...headers,
        'x-hub-signature-256': githubSignature(SECRET, body),
      }),
      415,
      'unsupported_media_type',
    )
  })
})

test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])(
  'a body of type "%s": 415',
  async (type) => {
    refused(
      await call('POST', '/v1/projects', '{"name":"x"}', { 'content-type': type }),
      415,
      'unsupported_media_type',
    )
  },
)

describe('ids', () => {
  test.each([
    ['GET', '/v1/projects/not-an-id'],
    ['GET', '/v1/projects/%00'],
    ['GET', '/v1/projects/%E0%A4%A'],
    ['GET', `/v1/projects/${'0'.repeat(300)}`],
    ['GET', '/v1/projects/01a20b6b-0000-7000-8000-000000000000'],
    ['GET', "/v1/projects/1'%20OR%20'1'='1"],
    ['GET', '/v1/projects/../../etc/passwd'],
    ['GET', '/v1/providers/nobody'],
    ['GET', '/v1/providers/a%00b'],
    ['GET', '/v1/providers/%ED%A0%80'],
    ['DELETE', '/v1/projects/{p}/keys/nothing'],
    ['DELETE', '/v1/projects/{p}/keys/%00'],
    ['GET', '/v1/projects/{p}/connections/x'],
    ['PATCH', '/v1/projects/{p}/connections/{p}'],
    ['GET', '/v1/projects/{p}/events/%00/body?reason=x'],
    ['POST', '/v1/projects/{p}/quarantine/x/verify'],
    ['GET', '/v1/nothing'],
    ['POST', '/webhooks/github/short'],
    ['POST', '/webhooks/git%00hub/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['POST', '/webhooks/github/%00AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['POST', `/webhooks/github/${'A'.repeat(5_000)}`],
    ['POST', '/webhooks/__proto__/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ])('%s %s: 404', async (method, path) => {
    refused(
      await call(method, path.replaceAll('{p}', project), method === 'PATCH' ? {} : undefined),
      404,
      'not_found',
    )
  })
})

describe('queries', () => {
  test.each([
    ['connections', '?limit=0', '/limit'],
    ['connections', '?limit=201', '/limit'],
    ['connections', '?limit=-1', '/limit'],
    ['connections', '?limit=1e2', '/limit'],
    ['connections', '?limit=1&limit=2', '/limit'],
    ['connections', '?surprise=1', '/surprise'],
    ['connections', '?status=nonsense', '/status'],
    ['connections', '?environment=production', '/environment'],
    ['connections', '?provider=a%00b', '/provider'],
    ['connections', '?__proto__=x', '/__proto__'],
    ['connections', '?cursor=!!!', '/cursor'],
    ['connections', '?cursor=', '/cursor'],
    ['connections', `?cursor=${'A'.repeat(501)}`, '/cursor'],
    ['connections', `?cursor=${Buffer.from("'; DROP TABLE projects; --").toString('base64url')}`, '/cursor'],
    ['connections', `?cursor=${Buffer.from('\0').toString('base64url')}`, '/cursor'],
    ['events', '?cursor=x', '/cursor'],
    ['events', '?from=yesterday', '/from'],
    ['events', '?to=2026-13-01T00:00:00Z', '/to'],
    ['events', '?connection_id=1', '/connection_id'],
    ['events', '?q=', '/q'],
    ['events', `?q=${'x'.repeat(301)}`, '/q'],
    ['events', '?q=a%00b', '/q'],
    ['quarantine', '?limit=x', '/limit'],
    ['keys', '?cursor=x', '/cursor'],
  ])('%s%s: 400 with a pointer', async (list, query, pointer) => {
    refused(await call('GET', `/v1/projects/${project}/${list}${query}`), 400, 'invalid_request', [pointer])
  })

  test.each([
    '',
    '?reason=',
    '?reason=%20',
    '?reason=%00',
    `?reason=${'x'.repeat(501)}`,
    '?reason=a&reason=b',
  ])('a body asked for with "%s": 400', async (query) => {
    const path = `/v1/projects/${project}/events/01a20b6b-0000-7000-8000-000000000000/body${query}`
    refused(await call('GET', path), 400, 'invalid_request')
  })

  test("another project's cursor is no cursor of this one", async () => {
    const a = makers(platform)
    const other = await a.project()
    for (let i = 0; i < 3; i++) await a.connection(other)
    before = await kept()
    const { body } = await call('GET', `/v1/projects/${other}/connections?limit=2`)
    const key = await a.key(project)
    before = await kept()
    for (const list of ['connections', 'events']) {
      const path = `/v1/projects/${project}/${list}?cursor=${body.next_cursor}`
      const page = await platform.call<Record<string, any>>('GET', path, { key })
      expect([page.status, page.body.errors]).toMatchObject([400, [{ pointer: '/cursor' }]])
      expect(page.text).not.toContain(other)
    }
  })
})

describe('credentials of the caller', () => {
  test.each([
    ['none', {}],
    ['another scheme', { authorization: `Basic ${Buffer.from(`admin:${ADMIN_KEY}`).toString('base64')}` }],
    ['no key', { authorization: 'Bearer ' }],
    ['two keys', { authorization: `Bearer ${ADMIN_KEY} ${ADMIN_KEY}` }],
    ['half of it', { authorization: `Bearer ${ADMIN_KEY.slice(0, 20)}` }],
    ['more of it', { authorization: `Bearer ${ADMIN_KEY}x` }],
    ['a very long one', { authorization: `Bearer ${'x'.repeat(8_000)}` }],
    ['letters of another alphabet', { authorization: 'Bearer \u00e9\u00e8' }],
    ['in the query', {}, `?key=${ADMIN_KEY}&access_token=${ADMIN_KEY}`],
    ['in another header', { 'x-api-key': ADMIN_KEY }],
  ])('%s: 401', async (_, headers, query = '') => {
    const answer = await platform.call<Record<string, any>>('GET', `/v1/projects${query}`, {
      key: null,
      headers: { 'accept-language': 'ar', ...(headers as Record<string, string>) },
    })
    refused(answer, 401, 'unauthorized')
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(answer.text).not.toContain(ADMIN_KEY.slice(0, 20))
  })

  test('twice: 401', async () => {
    const line = ['authorization', `Bearer ${ADMIN_KEY}x`]
    rawRefused(
      await rawRequest(platform.url, 'GET', '/v1/projects', {
        headers: ['accept-language', 'ar', ...line, ...line],
      }),
      401,
      'unauthorized',
    )
  })
})

describe('methods', () => {
  test.each(['x-http-method-override', 'x-http-method', 'x-method-override'])(
    '%s is not heard',
    async (name) => {
      const answer = await call('POST', `/v1/projects/${project}?_method=DELETE`, {}, { [name]: 'DELETE' })
      refused(answer, 405, 'method_not_allowed')
      expect((await call('GET', `/v1/projects/${project}`)).status).toBe(200)
    },
  )

  test.each(['/v1/projects', '/health/live'])('TRACE %s is off', async (path) => {
    const answer = await rawRequest(platform.url, 'TRACE', path, {
      headers: ['accept-language', 'ar', 'authorization', `Bearer ${ADMIN_KEY}`],
    })
    rawRefused(answer, 405, 'method_not_allowed')
    expect(JSON.stringify(answer.body)).not.toContain(ADMIN_KEY)
  })

  test.each(['TRACE', 'GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    '%s to a webhook address: 405',
    async (method) => {
      const answer = await rawRequest(platform.url, method, github.path, {
        headers: ['accept-language', 'ar'],
      })
      rawRefused(answer, 405, 'method_not_allowed')
    },
  )
})

test('a signature header twice, though both are right: 401', async () => {
  const line = ['x-hub-signature-256', githubSignature(SECRET, 'x')]
  rawRefused(
    await rawRequest(platform.url, 'POST', github.path, {
      headers: ['accept-language', 'ar', ...line, ...line],
      body: 'x',
    }),
    401,
    'signature_invalid',
  )
})
