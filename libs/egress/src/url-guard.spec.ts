import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { isAllowed } from './address-guard.ts'
import { EgressFailure } from './egress-failure.ts'
import { guardedUrl } from './url-guard.ts'

const ALLOWED = [ipaddr.parseCIDR('10.20.0.0/16')]

function refusal(text: string, allowed = ALLOWED): unknown {
  try {
    return guardedUrl(text, allowed).href
  } catch (error) {
    return error
  }
}

describe('passes', () => {
  test.each([
    ['https://api.tap.company/v2/charges?x=1', 'https://api.tap.company/v2/charges?x=1'],
    ['https://API.Tap.Company', 'https://api.tap.company/'],
    ['HTTPS://api.tap.company/', 'https://api.tap.company/'],
    ['https://api.tap.company:443/', 'https://api.tap.company/'],
    ['https://api.tap.company:80/', 'https://api.tap.company:80/'],
    ['https://api.tap.company:1024/', 'https://api.tap.company:1024/'],
    ['https://api.tap.company:65535/', 'https://api.tap.company:65535/'],
    ['https://8.8.8.8/', 'https://8.8.8.8/'],
    ['https://[2606:4700::1]:8443/', 'https://[2606:4700::1]:8443/'],
    ['https://مثال.السعودية/', 'https://xn--mgbh0fb.xn--mgberp4a5d4ar/'],
    ['https://my_app.internal/@me', 'https://my_app.internal/@me'],
    ['http://10.20.3.4:3000/', 'http://10.20.3.4:3000/'],
    ['http://orders.internal/', 'http://orders.internal/'],
  ])('%s', (text, href) => expect(refusal(text)).toBe(href))
})

describe('is refused', () => {
  test.each([
    '',
    'api.tap.company',
    '//api.tap.company/',
    'https:api.tap.company',
    'https:/api.tap.company',
    'https:///api.tap.company',
    'ftp://api.tap.company/',
    'file:///etc/passwd',
    'gopher://api.tap.company/',
    'data:text/html,x',
    'blob:https://api.tap.company/1',
    'javascript:alert(1)',
    'ws://api.tap.company/',
    'https://user@api.tap.company/',
    'https://user:password@api.tap.company/',
    'https://:password@api.tap.company/',
    'https://@api.tap.company/',
    'https://:@api.tap.company/',
    'https://api.tap.company:22/',
    'https://api.tap.company:0/',
    'https://api.tap.company:1023/',
    'https://api.tap.company:65536/',
    'https://api.tap.company./',
    'https://.api.tap.company/',
    'https://api..tap.company/',
    'https://-api.tap.company/',
    'https://api-.tap.company/',
    'https://a!b.company/',
    "https://a'b.company/",
    'https://a$b.company/',
    'https://[v1.fe]/',
    'https://[::1%25eth0]/',
    ' https://api.tap.company/',
    'https://api.tap.company/ ',
    'https://api.tap\t.company/',
    'https://api.tap.company/\r\nHost: x',
    'https:\\\\api.tap.company\\',
    'https://api.tap.company\\@10.0.0.1/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127。0。0。1/',
    'https://%31%32%37.0.0.1/',
    'https://[::ffff:127.0.0.1]/',
    'https://1.2.3.4.5/',
    'https://256.1.1.1/',
    'http://8.8.8.8/',
    'http://10.21.0.1/',
    `https://${'a'.repeat(64)}.company/`,
    `https://${'a.'.repeat(130)}company/`,
    `https://api.tap.company/${'a'.repeat(17_000)}`,
  ])('%j', (text) => {
    expect(refusal(text)).toMatchObject({ code: 'refused_address', reason: 'url', effect: 'none' })
  })

  test('http, where nothing is allowed', () => {
    expect(refusal('http://orders.internal/', [])).toBeInstanceOf(EgressFailure)
  })

  test('with words that do not repeat what was asked', () => {
    expect(String(refusal('https://user:hunter2@10.0.0.7/'))).not.toMatch(/hunter2|10\.0\.0\.7|user/)
  })
})

test('whatever passes is https, on an allowed port, without user-info, with a plain host', () => {
  const pieces = fc.constantFrom(
    'https://',
    'http://',
    'a',
    '.b',
    '@',
    ':',
    '80',
    '22',
    '/',
    '\\',
    '?',
    '#',
    '%40',
    '[',
    ']',
    '::1',
    '127.0.0.1',
    '0x7f',
    '8.8.8.8',
    '\t',
    '。',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const outcome = refusal(parts.join(''), [])
      if (outcome instanceof EgressFailure) return true
      const url = new URL(String(outcome))
      const literal = /^[\d.]+$|^\[/.test(url.hostname)
      return (
        url.protocol === 'https:' &&
        url.username === '' &&
        url.password === '' &&
        ['', '80'].includes(url.port) &&
        (!literal || isAllowed(url.hostname.replace(/[[\]]/g, ''), []))
      )
    }),
    { numRuns: 2_000 },
  )
})
