import { describe, expect, test } from '@jest/globals'
import type { FinishedCall } from '@app/egress'
import fc from 'fast-check'
import { logRow } from './log-row.ts'
import { plainHeaders } from './plain-headers.ts'
import { rateLimitOf } from './rate-limit.ts'
import { recorded } from './recorded-call.ts'

// What must never be kept, in the forms in which it travels.
const CANARIES = {
  bearer: 'Bearer planted-bearer-7f3e9',
  jwt: ['eyJhbGciOiJIUzI1NiJ9', 'eyJwbGFudGVkIjoicGxhbnRlZCJ9', 'cGxhbnRlZHBsYW50ZWRwbGFudGVk'].join('.'),
  key: 'sk_live_plantedplantedplanted',
  pan: '4111111111111111',
  iban: 'SA0380000000608010167519',
  mail: 'planted@example.com',
  phone: '+966512345678',
}
const NAMES = ['authorization', 'password', 'client_secret', 'access_token', 'cvv', 'otp', 'x-api-key']
const FORBIDDEN = /planted|7f3e9|cGxhbnRlZ|411111111111|0380000000608010167519|512345678|hidden-by-name/i

function everywhere(status: number): FinishedCall {
  const named = Object.fromEntries(NAMES.map((name) => [name, 'hidden-by-name-1']))
  const all = { ...named, ...CANARIES }
  const headers = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [NAMES.includes(name) ? name : `x-${name}`, value]),
  )
  const query = new URLSearchParams({ ...all, code: 'planted-code', state: 'planted-state' })
  return {
    method: 'POST',
    host: 'api.provider.test',
    path: '/v1/charges/{}',
    status,
    ms: 12.6,
    bytes: 3,
    outcome: 'answered',
    attempt: 2,
    about: { provider: 'tap_payments', operation: `pay ${CANARIES.mail}`, connection: CANARIES.key },
    detail: {
      url: `https://user:planted@api.provider.test/v1/charges/planted?${query}#planted`,
      requestHeaders: { ...headers, 'content-type': 'application/json' },
      requestBody: JSON.stringify({ deep: [all], list: Object.values(CANARIES) }),
      responseHeaders: { ...headers, 'content-type': `text/plain; token=planted`, date: CANARIES.jwt },
      responseBody: `<error><password>hidden-by-name-1</password>${Object.values(CANARIES).join(' ')}</error>`,
    },
  }
}

describe('a canary in every field', () => {
  test.each([200, 500])('reaches no row of a call answered with %p', (status) => {
    const call = recorded(everywhere(status))
    for (const withDetails of [true, false]) {
      for (const inFull of [true, false]) {
        const row = logRow({ ...call, inFull }, withDetails)
        expect(JSON.stringify(row)).not.toMatch(FORBIDDEN)
        expect(row).toMatchObject({ attempt: 2, response_time_ms: 13, connection_id: null })
      }
    }
  })

  test('as a form neither', () => {
    const call = everywhere(400)
    call.detail!.requestHeaders['Content-Type'] = 'application/x-www-form-urlencoded; charset=utf-8'
    delete call.detail!.requestHeaders['content-type']
    call.detail!.requestBody = new URLSearchParams({ ...CANARIES, code: 'planted', amount: '12' }).toString()
    const row = logRow(recorded(call), true)
    expect(row.request_body).toContain('amount=12')
    expect(JSON.stringify(row)).not.toMatch(FORBIDDEN)
  })
})

test('the endpoint is the template, and the query without secrets', () => {
  const { endpoint } = logRow(
    recorded({
      ...everywhere(200),
      detail: {
        url: 'https://api.provider.test/v1/charges/chg_1?limit=50&api_key=planted',
        requestHeaders: {},
      },
    }),
    true,
  )
  expect(endpoint).toBe('api.provider.test/v1/charges/{}?limit=50&api_key=[redacted]')
})

test('a call without an answer says what went wrong in words of ours', () => {
  const { status: _, ...call } = everywhere(200)
  const row = logRow(
    recorded({ ...call, outcome: 'provider_timeout', reason: 'total_timeout', effect: 'unknown' }),
    true,
  )
  expect(row).toMatchObject({
    is_error: true,
    error_message: 'provider_timeout: total_timeout',
    response_status: null,
  })
})

test('headers of a call that went well: harmless ones by their form, of others that they were there', () => {
  expect(
    plainHeaders({
      'Content-Type': 'application/json; charset=utf-8',
      Date: 'Tue, 24 Nov 2026 10:00:00 GMT',
      'X-Session': 'a',
      'content-length': 'a',
      'x-4111111111111111': 'b',
    }),
  ).toEqual({
    'content-type': 'application/json; charset=utf-8',
    date: 'Tue, 24 Nov 2026 10:00:00 GMT',
    'x-session': '[redacted]',
    'content-length': '[redacted]',
    '[redacted]': '[redacted]',
  })
})

test('whatever a provider sends becomes a row that PostgreSQL takes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
      (text, headers) => {
        const row = logRow(
          recorded({
            ...everywhere(500),
            path: `/${text.replaceAll('\0', '')}`,
            detail: {
              url: `https://x/?${text}`,
              requestHeaders: headers,
              requestBody: text,
              responseHeaders: headers,
              responseBody: text,
            },
          }),
          true,
        )
        const unstorable = (value: unknown): boolean =>
          typeof value === 'string'
            ? value.includes('\0') || !value.isWellFormed()
            : Object.entries(Object(value) as object).some((pair) => pair.some(unstorable))
        expect(unstorable(row)).toBe(false)
        expect(row.endpoint.length).toBeLessThanOrEqual(2_000)
      },
    ),
  )
})

describe('rate limits', () => {
  const now = new Date('2026-11-24T10:00:00Z')
  test.each([
    [{ 'x-ratelimit-remaining': '41', 'x-ratelimit-reset': '1795514460' }, 41, '2026-11-24T10:01:00.000Z'],
    [{ 'RateLimit-Remaining': '0', 'RateLimit-Reset': '30' }, 0, '2026-11-24T10:00:30.000Z'],
    [{ 'retry-after': '120' }, null, '2026-11-24T10:02:00.000Z'],
    [{ 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': 'soon' }, null, null],
    [{ 'x-ratelimit-remaining': '999999999999', 'x-ratelimit-reset': '99999999999' }, 2 ** 31 - 1, null],
  ])('%j', (headers, remaining, at) => {
    const told = rateLimitOf(headers, now)
    expect([told.remaining, told.resetAt?.toISOString() ?? null]).toEqual([remaining, at])
  })
})
