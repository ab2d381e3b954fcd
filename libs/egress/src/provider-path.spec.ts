import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EgressFailure } from './egress-failure.ts'
import { providerUrl } from './provider-path.ts'

const BASE = 'https://api.tap.company/v2/'

describe('a path', () => {
  test.each([
    ['/charges/chg_1', 'https://api.tap.company/v2/charges/chg_1'],
    ['charges', 'https://api.tap.company/v2/charges'],
    ['', 'https://api.tap.company/v2'],
    ['/', 'https://api.tap.company/v2/'],
    ['/charges/', 'https://api.tap.company/v2/charges/'],
    ['//evil.example/x', 'https://api.tap.company/v2//evil.example/x'],
    ['https://evil.example/x', 'https://api.tap.company/v2/https://evil.example/x'],
    ['@evil.example', 'https://api.tap.company/v2/@evil.example'],
    [':22/x', 'https://api.tap.company/v2/:22/x'],
    ['/projects/group%2Fname', 'https://api.tap.company/v2/projects/group%2Fname'],
    ['/a..b/...', 'https://api.tap.company/v2/a..b/...'],
    ['/مدفوعات', 'https://api.tap.company/v2/%D9%85%D8%AF%D9%81%D9%88%D8%B9%D8%A7%D8%AA'],
  ])('%j stays at the provider', (path, href) => expect(providerUrl(BASE, path).href).toBe(href))

  test.each([
    '/..',
    '/../v1/x',
    '/a/../../v1',
    '/./x',
    '/%2e%2e/v1',
    '/%2E%2e/v1',
    '/.%2e/v1',
    '/%252e%252e/v1',
    '/%25252e%25252e/x',
    '/a%2f..%2f..%2fv1',
    '/a%5c..%5cv1',
    '/..;/v1',
    '/..;jsessionid=1/v1',
    '/%2e%2e%3b/v1',
    '/a\\..\\v1',
    '/a?b=1',
    '/a#b',
    '/a b',
    '/a\tb',
    '/a\r\nb',
    '/a\u0000',
    '/a%00',
    '/a%0d%0a',
    '/%',
    '/%zz',
    '/%ff',
  ])('%j is refused', (path) => {
    expect(() => providerUrl(BASE, path)).toThrow(EgressFailure)
  })

  test('whatever it is, it never leaves the origin and the base path', () => {
    const pieces = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '\\',
      '@',
      ':',
      '//',
      '?',
      '#',
      ';',
      'a',
      'v1',
      '%25',
      'evil.example',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(pieces, { maxLength: 10 }).map((all) => all.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (path) => {
          try {
            const url = providerUrl(BASE, path)
            // As the most careless server would read it: decoded through, then walked.
            let read = url.pathname
            for (let i = 0; i < 5; i++)
              read = read.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
                String.fromCharCode(parseInt(hex, 16)),
              )
            const walked = new URL(read.replaceAll('\\', '/').replaceAll(/[?#]/g, '_'), 'file:///').pathname
            return (
              url.origin === 'https://api.tap.company' && `${walked}/`.startsWith('/v2/') && url.search === ''
            )
          } catch (error) {
            return error instanceof EgressFailure
          }
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

test('a query is escaped, in order, repeated where it repeats', () => {
  expect(providerUrl(BASE, '/charges', { q: 'a&b=c d', tag: ['x', 'y'] }).search).toBe(
    '?q=a%26b%3Dc+d&tag=x&tag=y',
  )
})

test('a base without a path, or with a deep one, keeps it', () => {
  expect(providerUrl('https://api.github.com', '/user').href).toBe('https://api.github.com/user')
  expect(providerUrl('https://ghe.example/api/v3', '/user').href).toBe('https://ghe.example/api/v3/user')
})
