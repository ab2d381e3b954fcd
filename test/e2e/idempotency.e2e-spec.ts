import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Body, Controller, HttpCode, Module, Param, Post } from '@nestjs/common'
import { ApiOperation } from '@nestjs/swagger'
import { Database } from '@app/database'
import { Answers, type Caller, CalledBy, Needs, NotFound, problem, UuidPath } from '@app/http'
import { Idempotent, IdempotentRequest, OpenKeys } from '@app/idempotency'
import { Tasks } from '@app/jobs'
import { sha256 } from '@app/secrets'
import { z } from 'zod'
import { sql } from '../support/database.ts'
import { makers } from '../support/makers.ts'
import { ADMIN_KEY, type Answer, startPlatform, type TestPlatform } from '../support/platform.ts'
import { rawRequest } from '../support/raw-request.ts'

const words = { en: 'Said by a test.', ar: 'يقوله اختبار.' }
const Declined = problem('test_declined', 402, words)
const Unreached = problem('test_unreached', 503, words)
const NoAnswer = problem('test_no_answer', 504, words)
const Refused = problem('test_refused', 424, words)

/** One run of a handler, and what the next ones do. */
interface Run {
  request: IdempotentRequest | null
  body: Record<string, unknown>
}
const runs: Run[] = []
let act: (run: Run) => unknown

const wish = z.strictObject({
  amount: z.number().int().optional(),
  name: z.string().optional(),
  list: z.array(z.unknown()).optional(),
})
const made = z.strictObject({ n: z.number(), name: z.string().optional() })

@Controller('v1/projects/:p/tries')
class TriesController {
  @Post()
  @Needs('payments')
  @Idempotent()
  @ApiOperation({ summary: 'Try.' })
  @Answers(201, made, Declined)
  create(
    @Param('p', UuidPath) _: string,
    @Body({ schema: wish }) body: Run['body'],
    @IdempotentRequest() request: IdempotentRequest | null,
    @CalledBy() caller: Caller,
  ): unknown {
    if (caller.scopes.length === 0) throw NotFound()
    return carriedOut(request, body)
  }

  @Post(':id/again')
  @HttpCode(200)
  @Needs('payments')
  @ApiOperation({ summary: 'Try again.' })
  @Answers(200, made, Declined)
  @Idempotent()
  again(
    @Param('id', UuidPath) _: string,
    @Body({ schema: wish }) body: Run['body'],
    @IdempotentRequest() request: IdempotentRequest | null,
  ): unknown {
    return carriedOut(request, body)
  }

  @Post('nothing')
  @HttpCode(204)
  @Needs('payments')
  @Idempotent()
  async nothing(@IdempotentRequest() request: IdempotentRequest | null): Promise<void> {
    await carriedOut(request, {})
  }
}
@Module({ controllers: [TriesController] })
class TriesModule {}

function carriedOut(request: IdempotentRequest | null, body: Run['body']): unknown {
  const run = { request, body }
  runs.push(run)
  return act(run)
}

const encryptionKey = (id: string, byte: number): string =>
  `${id}:${Buffer.alloc(32, byte).toString('base64')}`
let platform: TestPlatform
let project: string
let path: string
let key: string
let n = 0

const replica = (keys: string): Promise<TestPlatform> =>
  startPlatform({ ENCRYPTION_KEYS: keys }, undefined, platform.database, [TriesModule])

beforeAll(async () => {
  platform = await startPlatform({ ENCRYPTION_KEYS: encryptionKey('one', 1) }, undefined, undefined, [
    TriesModule,
  ])
  project = await makers(platform).project()
  path = `/v1/projects/${project}/tries`
})
afterAll(async () => {
  await platform.stop()
  delete process.env.ENCRYPTION_KEYS
})
beforeEach(() => {
  runs.length = 0
  act = ({ body: { name } }) => ({ n: runs.length, ...(name !== undefined && { name }) })
  key = `key-${++n}`
})

interface Sent {
  body?: unknown
  to?: string
  by?: string
  key?: string | null
  at?: TestPlatform
  language?: string
}
const send = ({ body = {}, to = path, by, key: under = key, at = platform, language }: Sent = {}): Promise<
  Answer<Record<string, any>>
> =>
  at.call('POST', to, {
    body,
    ...(by !== undefined && { key: by }),
    headers: {
      ...(under !== null && { 'idempotency-key': under }),
      ...(language !== undefined && { 'accept-language': language }),
    },
  })
const replayed = (answer: Answer<unknown>): boolean => answer.headers.get('idempotency-replayed') === 'true'
const ask = <T extends Record<string, any>>(text: string, values: unknown[] = []) =>
  sql<T>(platform.database.url, text, values)
const lapse = (): Promise<unknown> =>
  ask("UPDATE idempotency_keys SET lease_until = now() WHERE status = 'running'")
const once = (): { happened: Promise<void>; happens: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { happened: promise, happens: resolve }
}

test('without a key every request is carried out', async () => {
  const answers = [await send({ key: null }), await send({ key: null })]
  expect(answers.map(({ status, body }) => [status, body.n])).toEqual([
    [201, 1],
    [201, 2],
  ])
  expect(runs.map(({ request }) => request)).toEqual([null, null])
  expect(answers.some(replayed)).toBe(false)
})

test('with a key it is carried out once, and answered alike: status, body to the letter, Arabic too', async () => {
  const body = { name: 'قهوة «الصباح» ☕ ١٢٫٥', amount: 10_500 }
  const first = await send({ body })
  expect([first.status, first.body, replayed(first)]).toEqual([201, { n: 1, name: body.name }, false])
  for (let i = 0; i < 3; i++) {
    const again = await send({ body })
    expect([again.status, again.text, replayed(again)]).toEqual([201, first.text, true])
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
  }
  expect(runs).toEqual([
    { body, request: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), takenOver: false } },
  ])
  const [row] = await ask<{ text: string }>(
    'SELECT k::text AS text FROM idempotency_keys k WHERE key_hash = $1',
    [sha256(key)],
  )
  expect(row?.text).toContain('POST /v1/projects/:p/tries')
  expect(row?.text).not.toMatch(/قهوة|الصباح/)
  expect(row?.text).not.toContain(key)
})

test('200 and 204 come back as they were', async () => {
  for (const to of [`${path}/01a20b6b-0000-7000-8000-000000000001/again`, `${path}/nothing`]) {
    const [first, again] = [await send({ to }), await send({ to })]
    expect([again.status, again.text, replayed(again)]).toEqual([first.status, first.text, true])
    expect([200, 204]).toContain(first.status)
  }
})

test('two hundred at once: carried out once; some are told to wait, and all have one answer in the end', async () => {
  const { happened, happens } = once()
  act = async () => {
    await happened
    return { n: runs.length }
  }
  const early = Array.from({ length: 200 }, async () => {
    const answer = await send()
    if (answer.status === 409) happens()
    return answer
  })
  const answers = await Promise.all(early)
  expect(runs).toHaveLength(1)
  const waiting = answers.filter(({ status }) => status === 409)
  expect(waiting.length).toBeGreaterThan(0)
  for (const { body, headers } of waiting) {
    expect(body).toMatchObject({ code: 'in_progress', retry: 'same', effect: 'none', retry_after: 2 })
    expect(headers.get('retry-after')).toBe('2')
  }
  const done = answers.filter(({ status }) => status !== 409)
  expect(new Set(done.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['201 {"n":1}']))
  expect(done.filter((answer) => !replayed(answer))).toHaveLength(1)
  const later = await Promise.all(Array.from({ length: 50 }, () => send()))
  expect(later.every((answer) => answer.text === '{"n":1}' && replayed(answer))).toBe(true)
  expect(runs).toHaveLength(1)
})

describe('the same request', () => {
  test.each([
    ['members in another order', '{"amount":1,"name":"a"}', '{"name":"a","amount":1}'],
    ['1.0, 1e0 and 1', '{"amount":1}', '{ "amount": 1.0 }', '{"amount":1e0}'],
    ['escaped and plain characters', '{"name":"قهوة"}', '{"name":"\\u0642\\u0647\\u0648\\u0629"}'],
    ['no body and an empty one', '', '{}'],
  ])('%s', async (_, ...bodies) => {
    const statuses: unknown[] = []
    for (const body of bodies) {
      const answer = await platform.call('POST', path, {
        body,
        headers: { 'idempotency-key': key, 'content-type': 'application/json' },
      })
      statuses.push([answer.status, replayed(answer)])
    }
    expect(statuses).toEqual(bodies.map((_body, i) => [201, i > 0]))
    expect(runs).toHaveLength(1)
  })

  test.each([
    ['another amount', { amount: 1 }, { amount: 2 }],
    ['one field more', { amount: 1 }, { amount: 1, name: 'a' }],
    ['composed and decomposed', { name: 'é' }, { name: 'é'.normalize('NFD') }],
    ['another order of a list', { list: [1, 2] }, { list: [2, 1] }],
  ])('not: %s', async (_, body, other) => {
    const first = await send({ body })
    const refused = await send({ body: other })
    expect([refused.status, refused.body]).toMatchObject([
      422,
      { code: 'idempotency_key_reused', retry: 'never', effect: 'none' },
    ])
    const again = await send({ body })
    expect([again.text, replayed(again)]).toEqual([first.text, true])
    expect(runs).toHaveLength(1)
  })

  test('not: of another thing in the path, or with another query', async () => {
    const of = (id: number): string => `${path}/01a20b6b-0000-7000-8000-00000000000${id}/again`
    expect((await send({ to: of(1) })).status).toBe(200)
    expect((await send({ to: of(2) })).body.code).toBe('idempotency_key_reused')
    expect((await send({ to: `${of(1)}?a=1` })).body.code).toBe('idempotency_key_reused')
    expect(replayed(await send({ to: of(1) }))).toBe(true)
  })
})

test('project, environment and route each have their own; whose key of ours it is makes no difference', async () => {
  const a = makers(platform)
  const other = await a.project()
  const scopes = ['payments']
  const [dev, alsoDev, prod, all] = [
    await a.key(project, { environment: 'dev', scopes }),
    await a.key(project, { environment: 'dev', scopes }),
    await a.key(project, { environment: 'prod', scopes }),
    await a.key(project, { scopes }),
  ]
  const sent: [Sent, boolean][] = [
    [{ by: dev }, false],
    [{ by: prod }, false],
    [{ by: all }, false],
    [{ to: `/v1/projects/${other}/tries` }, false],
    [{ to: `${path}/nothing` }, false],
    [{ by: alsoDev }, true],
    [{}, true],
    [{ to: path.toUpperCase().replace('/V1/PROJECTS', '/v1/projects').replace('TRIES', 'tries') }, true],
  ]
  for (const [how, again] of sent) expect([how, replayed(await send(how))]).toEqual([how, again])
  expect(runs).toHaveLength(5)
})

test("another's project, one that is not there, no key of ours, one that may not: as without, and nothing is kept", async () => {
  const a = makers(platform)
  const theirs = await a.key(await a.project(), { scopes: ['payments'] })
  const reader = await a.key(project, { scopes: ['read'] })
  await send({ body: { name: 'secret' } })
  const rows = (): Promise<unknown> => ask('SELECT count(*)::int AS n FROM idempotency_keys')
  const before = await rows()
  for (const [how, status] of [
    [{ by: theirs, body: { name: 'secret' } }, 404],
    [{ to: '/v1/projects/01a20b6b-0000-7000-8000-000000000000/tries' }, 404],
    [{ to: '/v1/projects/nonsense/tries' }, 404],
    [{ by: 'nobody' }, 401],
    [{ by: reader }, 403],
  ] as const)
    expect([how, (await send(how)).status]).toEqual([how, status])
  expect(await rows()).toEqual(before)
  expect(runs).toHaveLength(1)
})

describe('the header', () => {
  test.each([
    ['one character', '!'],
    ['255 characters', '~'.repeat(255)],
    ['every visible one', Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')],
  ])('taken: %s', async (_, under) => {
    expect((await send({ key: under })).status).toBe(201)
    expect(replayed(await send({ key: under }))).toBe(true)
  })

  test.each([
    ['empty', ['idempotency-key', '']],
    ['256 characters', ['idempotency-key', 'a'.repeat(256)]],
    ['8,000 characters', ['idempotency-key', 'a'.repeat(8_000)]],
    ['a space within', ['idempotency-key', 'a b']],
    ['a tabulator within', ['idempotency-key', 'a\tb']],
    ['Latin-1', ['idempotency-key', 'caf\u00e9']],
    ['Arabic', ['idempotency-key', Buffer.from('مفتاح').toString('latin1')]],
    ['twice', ['idempotency-key', 'one', 'Idempotency-Key', 'two']],
    ['twice the same', ['idempotency-key', 'one', 'idempotency-key', 'one']],
    ['twice, one of them empty', ['idempotency-key', 'one', 'idempotency-key', '']],
  ])('refused: %s', async (_, headers) => {
    const usual = ['authorization', `Bearer ${ADMIN_KEY}`, 'content-type', 'application/json']
    const { status, body } = await rawRequest(platform.url, 'POST', path, {
      headers: [...usual, ...headers],
      body: '{}',
    })
    expect([status, body]).toMatchObject([
      400,
      { code: 'invalid_request', errors: [{ pointer: '/headers/idempotency-key', code: 'invalid_format' }] },
    ])
    expect(runs).toHaveLength(0)
  })
})

describe('what was refused before it began leaves the key free', () => {
  test.each([
    ['a broken field', { amount: 'many' }],
    ['an unknown field', { surprise: 1 }],
    ['what no schema sees', { name: '\ud800' }],
    ['a hundred levels', JSON.parse('{"list":'.concat('['.repeat(100), ']'.repeat(100), '}')) as object],
  ])('%s', async (_, body) => {
    const refused = await send({ body })
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_request'])
    expect((await send({ body: { amount: 1 } })).status).toBe(201)
    expect(runs).toHaveLength(1)
  })

  test('half a million brackets', async () => {
    const body = `{"list":${'['.repeat(500_000)}${']'.repeat(500_000)}}`
    const answer = await platform.call('POST', path, {
      body,
      headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    })
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_request'])
  })

  test('a provider that was not reached, and what is to be mended first', async () => {
    act = () => {
      throw Unreached({ members: { retry: 'other', effect: 'none' } })
    }
    expect((await send()).status).toBe(503)
    act = () => {
      throw Refused({ members: { retry: 'after_fix', effect: 'none' } })
    }
    expect((await send()).status).toBe(424)
    act = () => ({ n: runs.length })
    expect((await send({ body: { amount: 7 } })).body).toEqual({ n: 3 })
    expect(runs.map(({ request }) => request?.takenOver)).toEqual([false, false, false])
    expect(new Set(runs.map(({ request }) => request?.id)).size).toBe(3)
  })
})

test('what was carried out stays so, however it ended: the problem comes back, in the words of the first', async () => {
  act = () => {
    throw Declined({ members: { reason: 'insufficient_funds', retry: 'never', effect: 'none' } })
  }
  const first = await send({ language: 'ar' })
  act = () => ({ n: runs.length })
  const again = await send({ language: 'en' })
  expect([first.status, first.body]).toMatchObject([402, { detail: words.ar, reason: 'insufficient_funds' }])
  expect([again.status, again.text, replayed(again)]).toEqual([402, first.text, true])
  expect(again.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(runs).toHaveLength(1)
})

test('may it have happened? Then the key is bound until that is known, and answers what was found', async () => {
  act = () => {
    throw NoAnswer({ members: { retry: 'same', effect: 'unknown' } })
  }
  const first = await send()
  expect([first.status, first.body.code]).toEqual([504, 'test_no_answer'])
  act = () => ({ n: runs.length })
  await lapse()
  const bound = await send()
  expect([bound.status, bound.body, bound.headers.get('retry-after')]).toMatchObject([
    409,
    { code: 'in_progress', retry: 'same', effect: 'none', retry_after: 30 },
    '30',
  ])
  expect((await send({ body: { amount: 2 } })).body.code).toBe('idempotency_key_reused')
  const id = String(runs[0]?.request?.id)
  const settled = platform.app
    .get(Database)
    .transaction((unit) =>
      platform.app
        .get(OpenKeys)
        .settle(unit, { projectId: project, id }, { status: 201, body: { n: 1, name: 'وُجدت' } }),
    )
  expect(await settled).toBe(true)
  const known = await send()
  expect([known.status, known.body, replayed(known)]).toEqual([201, { n: 1, name: 'وُجدت' }, true])
  expect(runs).toHaveLength(1)
})

test('an unforeseen error is no answer to keep: the same request goes on where it ended, another one may not', async () => {
  act = () => {
    throw new TypeError('a fault of ours')
  }
  const first = await send()
  expect([first.status, first.body.code]).toEqual([500, 'internal'])
  act = () => ({ n: runs.length })
  expect((await send({ body: { amount: 2 } })).body.code).toBe('idempotency_key_reused')
  expect((await send()).body).toEqual({ n: 2 })
  expect(runs.map(({ request }) => request?.takenOver)).toEqual([false, true])
  expect(new Set(runs.map(({ request }) => request?.id)).size).toBe(1)
  expect(replayed(await send())).toBe(true)
})

test('after a restart the answer is still there', async () => {
  const body = { name: 'مرحبا', amount: 3 }
  const first = await send({ body })
  const next = await replica(encryptionKey('one', 1))
  try {
    const again = await send({ body, at: next })
    expect([again.status, again.text, replayed(again)]).toEqual([201, first.text, true])
  } finally {
    await next.stop()
  }
  expect(runs).toHaveLength(1)
})

test('a run whose process is gone is taken over by another replica under its id; what comes of it late is refused', async () => {
  const [begun, goOn] = [once(), once()]
  act = async () => {
    begun.happens()
    await goOn.happened
    return { n: 1_000 }
  }
  const late = send()
  await begun.happened
  const next = await replica(encryptionKey('one', 1))
  try {
    act = () => ({ n: runs.length })
    expect((await send({ at: next })).body.code).toBe('in_progress')
    await lapse()
    expect((await send({ at: next, body: { amount: 2 } })).body.code).toBe('idempotency_key_reused')
    const taken = await send({ at: next })
    expect([taken.status, taken.body, replayed(taken)]).toEqual([201, { n: 2 }, false])
    goOn.happens()
    expect((await late).body.code).toBe('in_progress')
    expect((await send()).body).toEqual({ n: 2 })
  } finally {
    await next.stop()
  }
  expect(runs.map(({ request }) => request?.takenOver)).toEqual([false, true])
  expect(new Set(runs.map(({ request }) => request?.id)).size).toBe(1)
})

test('an answer that cannot be kept is given all the same, and asked again the run is taken over', async () => {
  act = async () => {
    await ask('ALTER TABLE idempotency_keys RENAME TO away')
    return { n: runs.length }
  }
  const first = await send()
  await ask('ALTER TABLE away RENAME TO idempotency_keys')
  expect([first.status, first.body]).toEqual([201, { n: 1 }])
  act = () => ({ n: runs.length })
  expect((await send()).body.code).toBe('in_progress')
  await lapse()
  expect((await send()).body).toEqual({ n: 2 })
  expect(runs.map(({ request }) => request?.takenOver)).toEqual([false, true])
})

test('after its time a key is as new', async () => {
  await send({ body: { amount: 1 } })
  await ask('UPDATE idempotency_keys SET expires_at = now() WHERE key_hash = $1', [sha256(key)])
  const anew = await send({ body: { amount: 2 } })
  expect([anew.status, replayed(anew)]).toEqual([201, false])
  expect(replayed(await send({ body: { amount: 2 } }))).toBe(true)
  expect(new Set(runs.map(({ request }) => request?.id)).size).toBe(2)
  await ask(
    `UPDATE idempotency_keys SET expires_at = now(), created_at = now() - interval '73 hours',
       id = '01900000-0000-7000-8000-000000000000' WHERE key_hash = $1`,
    [sha256(key)],
  )
  expect(await platform.app.get(Tasks).run('retention')).toMatchObject({ idempotency_keys_removed: 1 })
})

test('answers are sealed anew under the next encryption key; without the old one that is still asked for: not ready', async () => {
  const body = { name: 'سرّ' }
  const first = await send({ body })
  const next = await replica(`${encryptionKey('two', 2)},${encryptionKey('one', 1)}`)
  const only = await replica(encryptionKey('two', 2))
  const ready = async (): Promise<string | undefined> =>
    (await only.call<{ checks: Record<string, string> }>('GET', '/health/ready', { key: null })).body.checks
      .keys
  try {
    expect(await ready()).toBe('ENCRYPTION_KEYS lacks one')
    expect((await send({ body, at: only })).body).toMatchObject({ status: 503, code: 'unavailable' })
    const outcome = await next.app.get(Tasks).run('rewrap-keys')
    expect(outcome?.['idempotency_keys.response']).toBeGreaterThan(0)
    expect(outcome?.['under key one']).toBeUndefined()
    expect(await ready()).toBe('ok')
    const again = await send({ body, at: only })
    expect([again.text, replayed(again)]).toEqual([first.text, true])
  } finally {
    await next.stop()
    await only.stop()
  }
  expect(runs).toHaveLength(1)
})

test('a project that is deleted leaves no answers', async () => {
  const gone = await makers(platform).project()
  const to = `/v1/projects/${gone}/tries`
  await send({ to })
  await platform.call('DELETE', `/v1/projects/${gone}`)
  expect((await send({ to })).status).toBe(404)
  expect(await ask('SELECT FROM idempotency_keys WHERE project_id = $1', [gone])).toEqual([])
})

test('the document tells of header and refusals, beside those of the call; the metrics of what keys meant', async () => {
  const { body } = await platform.call<any>('GET', '/openapi.json')
  for (const documented of ['/v1/projects/{p}/tries', '/v1/projects/{p}/tries/{id}/again']) {
    const { parameters, responses, ...others } = body.paths[documented].post
    expect(parameters).toContainEqual(
      expect.objectContaining({ name: 'Idempotency-Key', in: 'header', required: false }),
    )
    expect(responses[400].description).toBe('`invalid_request`')
    expect(responses[402].description).toBe('`test_declined`')
    expect(responses[409].description).toBe('`in_progress`')
    expect(responses[422].description).toContain('`idempotency_key_reused`')
    expect(Object.keys(others).filter((name) => name.startsWith('x-'))).toEqual([])
  }
  const { text } = await platform.call('GET', '/metrics', { key: null })
  for (const outcome of ['first', 'taken_over', 'replayed', 'reused', 'running', 'open', 'lease_lost'])
    expect(text).toMatch(new RegExp(`wasl_idempotency_total\\{outcome="${outcome}"\\} [1-9]`))
})
