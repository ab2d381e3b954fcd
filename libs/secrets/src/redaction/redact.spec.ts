import { Buffer } from 'node:buffer'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Secret } from '../secret.ts'
import { redactForm, redactHeaders, redactJson, redactText, redactUrl } from './redact.ts'

const SECRET = 'Zq7vT3nXw9LmB4kR8sYp'
const PAN = '4111111111111111'
const pem = (kind: string): string => `-----BEGIN ${kind}-----\nMIIB${SECRET}\nAAAA\n-----END ${kind}-----`
const arabic = (digits: string): string => digits.replace(/\d/g, (digit) => '٠١٢٣٤٥٦٧٨٩'[Number(digit)]!)

describe('by pattern', () => {
  test.each<[string, string, string]>([
    ['a bearer token', `sent Bearer ${SECRET} to them`, SECRET],
    ['basic authentication', `sent Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`, 'dXNlcj'],
    ['a JWT', `got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${SECRET} back`, SECRET],
    ['a JWT glued to a word', `jwteyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${SECRET}`, SECRET],
    ['a private key', `x ${pem('RSA PRIVATE KEY')} y`, SECRET],
    ['a private key in JSON', JSON.stringify({ x: pem('PRIVATE KEY') }), SECRET],
    ['a private key that was cut', pem('EC PRIVATE KEY').slice(0, 55), SECRET],
    ['a secret key', `sk_live_${SECRET}`, SECRET],
    ['a secret key of no mode', `with sk_${SECRET} inside`, SECRET],
    ['a public key', `pk_test_${SECRET}`, SECRET],
    ['a GitHub token', `ghp_${SECRET}${SECRET}`, SECRET],
    ['a fine-grained GitHub token', `github_pat_11AAA_${SECRET}`, SECRET],
    ['a Slack token', `xoxb-1234-${SECRET}`, SECRET],
    ['a webhook secret', `whsec_${SECRET}`, SECRET],
    ['an AWS key id', 'AKIAIOSFODNN7EXAMPLE is theirs', 'IOSFODNN'],
    ['our own key', `wasl_prod_0123456789abcdef_${SECRET}`, SECRET],
    ['a Telegram bot', `https://api.telegram.org/bot123456789:AAH${SECRET}${SECRET}/sendMessage`, SECRET],
    ['a Slack hook', `https://hooks.slack.com/services/T0000/B0000/${SECRET}`, SECRET],
    [
      'an address of ours',
      `POST /webhooks/tap_payments/ then https://x.example/webhooks/tap/${SECRET}`,
      SECRET,
    ],
    ['an e-mail', 'from layla.h+shop@example.com.sa today', 'layla'],
    ['an e-mail, encoded', 'to=layla%40example.com', 'layla'],
    ['an e-mail in Arabic letters', 'من ليلى@مثال.السعودية اليوم', 'ليلى'],
    ['a card', `paid with ${PAN}.`, '11111111111'],
    ['a card in fours', 'paid with 4111 1111-1111 1111', '1111 1111'],
    ['a card in Arabic digits', `بطاقة ${arabic(PAN)}`, arabic('111111111')],
    ['a card glued to a word', `pan${PAN}x`, '11111111111'],
    ['an American Express card', '3782 822463 10005', '822463'],
    ['a card with invisible characters', '4111\u200b1111\u200b1111\u200b1111', '1111\u200b1111'],
    ['track data', `;${PAN}=25121010000012345678?`, '2512101'],
    ['a Saudi IBAN', 'SA03 8000 0000 6080 1016 7519', '6080'],
    ['an Emirati IBAN', 'iban AE070331234567890123456', '33123456'],
    ['a Kuwaiti IBAN', 'KW81CBKU0000000000001234560101', 'CBKU0000'],
    ['an Egyptian IBAN', 'eg380019000500000000263180002', '19000500'],
    ['a Saudi id', `هوية ${arabic('1012345672')}`, arabic('101234567')],
    ['an Emirates id', '784-1990-1234567-6', '1234567'],
    ['a Kuwaiti id', 'civil 290010112346', '2900101'],
    ['an Egyptian id', 'الرقم 29001011234567', '2900101'],
    ['a Saudi mobile', 'call +966 50 123 4567', '123'],
    ['a Saudi mobile as dialled', 'call 0501234567 now', '0501234'],
    ['an Emirati mobile', '00971501234567', '501234'],
    ['a Kuwaiti mobile', '+96555123456', '5512'],
    ['a Qatari mobile', '(+974) 3312 3456', '3312'],
    ['a Bahraini mobile', '97333123456', '3312'],
    ['an Omani mobile', '+968-9212-3456', '9212'],
    ['an Egyptian mobile', arabic('01012345678'), arabic('0101234')],
    ['an OTP', 'Your verification code is 482913. Do not share it.', '482913'],
    ['an OTP before its words', '482-913 is your Wasl login code', '482'],
    ['an OTP in Arabic', `رمز التحقق الخاص بك هو ${arabic('4829')}`, arabic('4829')],
    ['an OTP in mixed writing', 'كود التفعيل: 482913', '482913'],
  ])('%s', (_, text, planted) => {
    const west = planted.replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    for (const clean of [
      redactText(text),
      JSON.stringify(redactJson({ a: [text] })),
      redactForm(`note=${encodeURIComponent(text)}`),
    ]) {
      expect(clean).not.toContain(planted)
      expect(clean).not.toContain(west)
    }
  })

  test('of a card, six and four digits remain at most', () => {
    expect(redactText(`x ${PAN} y`)).toBe('x 411111******1111 y')
    expect(redactJson({ n: Number(PAN) })).toEqual({ n: '411111******1111' })
    expect(redactText('{"n":6304000000000000000}')).toContain('630400*********0000')
  })
})

describe('by name', () => {
  const NAMES = [
    ...[
      'authorization',
      'Proxy-Authorization',
      'cookie',
      'SET_COOKIE',
      'x-api-key',
      'xApiKey',
      'access_token',
    ],
    ...[
      'clientSecret',
      'client.secret',
      'PASSWORD',
      'user[password]',
      'x-hub-signature-256',
      'hmac',
      'HashString',
    ],
    ...[
      'code_verifier',
      'private-key',
      'refresh_token',
      'id_token',
      'OTP',
      'user_pin',
      'cvv',
      'CVC2',
      'cid',
      'pan',
    ],
    ...[
      'card_number',
      'cardNumber',
      'card number',
      'track2',
      'iban',
      'national_id',
      'civilId',
      'phone',
      'Mobile-No',
    ],
    ...['e-mail', 'email_address', 'p.i.n', 'ｐａｓｓｗｏｒｄ', 'كلمة_المرور', 'api key', 'aPi__KeY'],
  ]
  test.each(NAMES)('%s: in headers, query, form, JSON, XML and text', (name) => {
    const answers = [
      JSON.stringify(redactHeaders({ [name]: SECRET })),
      redactUrl(
        `https://x.example/a?b=1&${encodeURIComponent(name)}=${SECRET}&c=2#${encodeURIComponent(name)}=${SECRET}`,
      ),
      redactForm(`a=1&${encodeURIComponent(name)}=${SECRET}`),
      JSON.stringify(redactJson([{ deep: { [name]: SECRET } }, { [name]: { inner: [SECRET] } }])),
      JSON.stringify(redactJson({ headers: [[name, SECRET], { name, value: SECRET }] })),
      redactText(JSON.stringify({ [name]: SECRET, n: 1 })),
      redactText(`…n":1,"${name}" : "${SECRET}\\" more","b":2`),
      redactText(`cut: ${JSON.stringify(JSON.stringify({ [name]: `${SECRET}"` }))}`),
      redactText(`failed with ${name}: ${SECRET}, then`),
      redactText(`{ ${name.replace(/[^\p{L}\p{N}]/gu, '_')}: '${SECRET}' }`),
    ]
    for (const answer of answers) expect(answer).not.toContain(SECRET)
  })

  test('in a form of many parts, in XML and in JSON escapes', () => {
    for (const text of [
      `--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n${SECRET} with blanks\r\n--b--`,
      `<ns:Password type="text">${SECRET} with blanks</ns:Password>`,
      `x "pass\\u0077ord": "${SECRET}"`,
      `pass%77ord=${SECRET}&x=1`,
      `Stripe-Signature: t=1, v1=${SECRET}`,
      `Cookie: a=b; c=${SECRET}`,
      `"credentials":{"a":"${SECRET}","b":[1,2]},"c":3`,
    ]) {
      expect(redactText(text)).not.toContain(SECRET)
    }
    expect(redactText('"credentials":{"a":"}","b":[1]},"c":3')).toContain('"c":3')
  })

  test('`code` and `state` only in URLs and calls of OAuth', () => {
    const call = { code: SECRET, state: SECRET, scope: 'read' }
    expect(redactJson(call)).toEqual(call)
    expect(redactJson(call, { oauth: true })).toEqual({
      code: '[redacted]',
      state: '[redacted]',
      scope: 'read',
    })
    expect(redactText(`GET /oauth/callback/x?code=${SECRET}&state=${SECRET}&lang=ar`)).toBe(
      'GET /oauth/callback/x?code=[redacted]&state=[redacted]&lang=ar',
    )
  })

  test('user-info of any URL', () => {
    expect(redactText(`at postgres://wasl:${SECRET}@db.example:5432/wasl then`)).toBe(
      'at postgres://[redacted]@db.example:5432/wasl then',
    )
  })
})

describe('what may be seen stays as it is', () => {
  test.each([
    'The connection 019a2b6b-0000-7000-8000-000000000000 is well.',
    '11111111-1111-7111-8111-411111111111',
    'sha256 5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5',
    '2026-11-24T10:09:39.123Z and 2026-11-24 10:09:39',
    'Paid 12.500 KWD, 1,234,567.89 EGP and 250000 SAR for 3 of 1000.',
    'amount_minor 1234567 USD 100 200 300 400 500 600',
    'GET /v1/projects/:p/connections 200 in 12.5 ms',
    'GET https://api.example/v1/charges?limit=25&status=paid#top',
    'تم استلام الطلب رقم 1024 بنجاح من المتجر',
    'error code 23505 of pk_connections at events_dedupe_key',
    'shipping company tracking_number JD0001, task_name, risk_score, disk_usage 80%',
    'from 203.0.113.9 and 2001:db8::1 port 5432, version 18.4.0-beta.17',
    'basic information and the bearer of it',
    '{"status":"paid","country":"SA","code":"not_found","n":[1,2.5,null,true]}',
  ])('%s', (text) => {
    expect(redactText(text)).toBe(text)
  })

  test('JSON keeps its shape; empty values, null and yes or no tell that there was nothing', () => {
    const value = {
      id: '019a2b6b-0000-7000-8000-000000000000',
      n: 12.5,
      token: null,
      secret: '',
      secret_required: true,
    }
    expect(redactJson(value)).toEqual(value)
  })
})

test('controls and turned writing are made visible, and a line is one line', () => {
  expect(redactText('a\nb\tc\u0000d\u001b[31m\u202ee\u2028')).toBe(
    'a\\nb\\tc\\u0000d\\u001b[31m\\u202ee\\u2028',
  )
})

test('values are cut at 8 KiB, and nothing is half shown at the cut', () => {
  for (let before = 8_150; before < 8_200; before++) {
    const clean = redactText(`${'.'.repeat(before)} ${PAN} sk_live_${SECRET} ${'.'.repeat(900)}`)
    expect(Buffer.byteLength(clean)).toBeLessThanOrEqual(8_192)
    expect(clean).not.toMatch(/1{7}|Zq7v/)
  }
  expect(Buffer.byteLength(redactText('ع'.repeat(20_000)))).toBeLessThanOrEqual(8_192)
})

test('strange values are read without running their code', () => {
  const circle: Record<string, unknown> = { secret: Secret.of(SECRET), own: Secret.of(SECRET) }
  circle.again = circle
  const hostile = {
    circle,
    get thrower(): string {
      throw new Error(SECRET)
    },
    toJSON: () => SECRET,
    proxy: new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error(SECRET)
        },
      },
    ),
    map: new Map([['password', SECRET]]),
    bytes: Buffer.from(SECRET),
    error: Object.assign(new Error(`duplicate key: ${SECRET}`), {
      code: '23505',
      detail: SECRET,
      constraint: 'c_key',
    }),
    date: new Date(NaN),
    big: 4111111111111111n,
    f: () => SECRET,
    ['__proto__']: { pin: SECRET },
  }
  const clean = JSON.stringify(redactJson(hostile))
  expect(clean).not.toContain(SECRET)
  expect(clean).toContain('"code":"23505","constraint":"c_key"')
  let deep: unknown = SECRET
  for (let i = 0; i < 10_000; i++) deep = [deep]
  expect(JSON.stringify(redactJson(deep))).not.toContain(SECRET)
})

describe('for any input', () => {
  const noise = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...'"\\\'{}[]:=&?;,% \n+@.-<>/0149aAسرمز٤'), maxLength: 80 }),
  )
  const separators = fc.constantFrom('', '_', '-', '.', ' ', '__')
  const anyCase = (word: string) =>
    fc
      .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
      .map((upper) => [...word].map((letter, i) => (upper[i] ? letter.toUpperCase() : letter)).join(''))
  const secretName = fc
    .tuple(
      fc.constantFrom(
        ['access', 'token'],
        ['client', 'secret'],
        ['card', 'number'],
        ['api', 'key'],
        ['id', 'token'],
      ),
      separators,
    )
    .chain(([words, separator]) => anyCase(words.join(separator)))

  test('a secret under a secret name survives no nesting and no encoding', () => {
    const nest = (inner: unknown, ways: number[]): unknown =>
      ways.reduce<unknown>((value, way) => {
        if (way === 0) return { a: value, b: 1 }
        if (way === 1) return [1, value]
        if (way === 2) return JSON.stringify(value)
        return {
          note: `https://x.example/p?q=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`,
        }
      }, inner)
    fc.assert(
      fc.property(
        secretName,
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 }),
        noise,
        (name, ways, around) => {
          const value = nest({ around, [name]: SECRET }, ways)
          expect(JSON.stringify(redactJson(value))).not.toContain(SECRET)
          expect(redactText(typeof value === 'string' ? value : JSON.stringify(value))).not.toContain(SECRET)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a token, a card, an IBAN or an id survives in no noise', () => {
    const planted = fc.constantFrom(
      [`sk_live_${SECRET}`, SECRET],
      [`ghp_${SECRET}${SECRET}`, SECRET],
      [`wasl_dev_0123456789abcdef_${SECRET}`, SECRET],
      [PAN, '11111111111'],
      ['SA0380000000608010167519', '000060801016'],
      ['784199012345676', '199012345'],
      ['29001011234567', '290010112'],
      ['layla@example.com', 'layla@example'],
    )
    fc.assert(
      fc.property(noise, planted, noise, (before, [text, gone], after) => {
        expect(redactText(`${before} ${text} ${after}`)).not.toContain(gone)
        expect(redactText(`${before} ${arabic(text)} ${after}`)).not.toContain(gone)
        expect(
          redactUrl(
            `https://x.example/a?b=${encodeURIComponent(`${before} ${text} ${after}`.toWellFormed())}`,
          ),
        ).not.toContain(gone)
      }),
      { numRuns: 1_000 },
    )
  })

  test('it never throws, is bounded, makes one line, and reading again changes nothing', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            noise,
            fc.constantFrom(
              'password',
              'Authorization: ',
              'token=',
              PAN,
              'otp 4829',
              'https://a.b/c?',
              '\\"',
              'eyJhbGciOiJI',
            ),
          ),
        ),
        (parts) => {
          const text = parts.join('')
          const once = redactText(text)
          expect(redactText(once)).toBe(once)
          expect(once).not.toMatch(/[\0-\x1f\u202e]/)
          expect(Buffer.byteLength(once)).toBeLessThanOrEqual(8_192)
          redactUrl(text)
          redactForm(text)
          redactHeaders({ [text]: text })
        },
      ),
      { numRuns: 1_000 },
    )
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withNullPrototype: true,
        }),
        (value) => {
          const once = redactJson(value)
          expect(JSON.stringify(redactJson(once))).toBe(JSON.stringify(once))
        },
      ),
    )
  })

  test('hostile texts take time that grows with their length only', () => {
    for (const unit of [
      ...[
        'eyJ',
        'a:',
        'a@',
        '@',
        '"',
        '\\"',
        '4 ',
        '41',
        '1 1111',
        'password:',
        'password:{',
        'otp ',
        'otp 1234 ',
      ],
      ...[
        '-----BEGIN ',
        '<a ',
        '<password>',
        '%40',
        '%',
        'http://a?u=',
        'SA03',
        'name="',
        'sk_',
        'Bearer ',
        '[',
        '{"a":',
      ],
      ...['a b', '=', '+', '٤', 'رمز ', 'pk_a', 'basic ', '19-', 'a-'],
    ]) {
      const started = performance.now()
      redactText(unit.repeat(Math.ceil(1_000_000 / unit.length)))
      redactUrl(`https://x/?${unit.repeat(3_000)}`)
      const took = performance.now() - started
      if (took > 1_000) throw new Error(`${unit} took ${took} ms`)
    }
  })
})
