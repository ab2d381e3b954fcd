import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { Secret } from '@app/secrets'
import fc from 'fast-check'
import {
  checkCredentials,
  credsOf,
  field,
  type Fields,
  modeOf,
  presentFields,
  secret,
} from './credentials.ts'

const words = (en: string) => ({ en, ar: 'كلمات' })
const modeOfKey = (value: string) => (value.startsWith('live') ? ('live' as const) : ('test' as const))
const fields: Fields = {
  key: secret({
    label: words('Key'),
    help: words('Ends in digits.'),
    pattern: /^(test|live)_\d+$/,
    mode: modeOfKey,
  }),
  public_key: field({
    label: words('Public key'),
    help: words('As the key.'),
    pattern: /^(test|live)_\d+$/,
    optional: true,
    mode: modeOfKey,
  }),
  region: field({
    label: words('Region'),
    help: words('One of two.'),
    optional: true,
    options: ['sa', 'ae'],
  }),
  note: secret({ label: words('Note'), help: words('Any text.'), optional: true }),
}
const codes = (input: Record<string, unknown>): string[] =>
  checkCredentials(fields, input).map(({ pointer, code }) => `${pointer} ${code}`)

test.each<[Record<string, unknown>, string[]]>([
  [{ key: 'test_1' }, []],
  [{ key: 'live_1', public_key: 'live_2', region: 'ae', note: 'x' }, []],
  [{ key: 'test_1', public_key: null, region: undefined }, []],
  [{}, ['/credentials/key required']],
  [{ key: null }, ['/credentials/key required']],
  [{ key: '' }, ['/credentials/key required']],
  [{ key: ' \t' }, ['/credentials/key required']],
  [{ key: 5 }, ['/credentials/key required']],
  [{ key: ['test_1'] }, ['/credentials/key required']],
  [{ key: 'test_' }, ['/credentials/key invalid_format']],
  [{ key: 'test_1\n' }, ['/credentials/key invalid_format']],
  [{ key: ' test_1' }, ['/credentials/key invalid_format']],
  [{ key: 'test_1', region: 'SA' }, ['/credentials/region invalid_format']],
  [{ key: 'test_1', note: 'x'.repeat(16_385) }, ['/credentials/note invalid_format']],
  [{ key: 'test_1', public_key: 'live_1' }, ['/credentials/public_key mode_mismatch']],
  [{ key: 'test_1', public_key: 'live_x' }, ['/credentials/public_key invalid_format']],
  [
    { 'a/b~c': 1, key: 'x', region: 'x' },
    [
      '/credentials/a~1b~0c unknown_field',
      '/credentials/key invalid_format',
      '/credentials/region invalid_format',
    ],
  ],
  [JSON.parse('{"__proto__":"x","key":"test_1"}'), ['/credentials/__proto__ unknown_field']],
  [{ key: 'test_1', constructor: 'x' }, ['/credentials/constructor unknown_field']],
])('%j: %j', (input, found) => {
  expect(codes(input)).toEqual(found)
})

test('every problem speaks both languages and repeats no value', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('key', 'public_key', 'region', 'note', 'more'), fc.nat()),
      (numbers) => {
        const canaries = Object.entries(numbers).map(([name, n]) => [name, `canary${n}`] as const)
        const problems = checkCredentials(fields, Object.fromEntries(canaries))
        for (const { message } of problems) {
          expect(message.en).toMatch(/^[^\u0600-\u06ff]+$/)
          expect(message.ar).toMatch(/[\u0600-\u06ff]/)
        }
        expect(JSON.stringify(problems)).not.toContain('canary')
      },
    ),
  )
})

describe('what a connector is lent', () => {
  const creds = credsOf(fields, { key: 'test_1', public_key: 'test_2', region: 5, unknown: 'x' })

  test('is the declared fields: secrets as Secret, the others as text, the rest not at all', () => {
    expect(Object.keys(creds)).toEqual(['key', 'public_key'])
    expect(creds.key).toBeInstanceOf(Secret)
    expect((creds.key as Secret).reveal()).toBe('test_1')
    expect(creds.public_key).toBe('test_2')
  })

  test('prints no secret', () => {
    for (const shown of [
      JSON.stringify(creds),
      inspect(creds, { depth: 9, showHidden: true }),
      String(creds.key),
    ])
      expect(shown).not.toContain('test_1')
  })

  test('tells the mode, where a format does', () => {
    expect(modeOf(fields, creds)).toBe('test')
    expect(modeOf(fields, credsOf(fields, { key: 'live_1' }))).toBe('live')
    expect(modeOf(fields, credsOf(fields, { public_key: 'live_1' }))).toBe('live')
    expect(modeOf(fields, credsOf(fields, { note: 'live' }))).toBeUndefined()
  })
})

test('a form learns what to ask, in both languages', () => {
  expect(presentFields(fields).slice(0, 3)).toEqual([
    {
      name: 'key',
      label: 'Key',
      label_ar: 'كلمات',
      secret: true,
      required: true,
      pattern: '^(test|live)_\\d+$',
      help: 'Ends in digits.',
      help_ar: 'كلمات',
    },
    expect.objectContaining({ name: 'public_key', secret: false, required: false }),
    expect.objectContaining({ name: 'region', pattern: null, options: ['sa', 'ae'] }),
  ])
})
