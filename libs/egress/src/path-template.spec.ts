import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { pathTemplate } from './path-template.ts'

test.each([
  ['/v2/charges/chg_TS02A1220231630Qq1o', '/v2/charges/{}'],
  ['/user', '/user'],
  ['/v1.2/payment-methods/', '/v1.2/payment-methods/'],
  ['/bot123456:AAE-token/sendMessage', '/{}/{}'],
  ['/customers/sara@example.com', '/customers/{}'],
  ['/customers/%D8%B3%D8%A7%D8%B1%D8%A9', '/customers/{}'],
  ['/a?token=secret', '/a'],
  ['/a#secret', '/a'],
  ['', ''],
])('%j is logged as %j', (path, template) => expect(pathTemplate(path)).toBe(template))

test('nothing with a digit, a capital or of some length survives', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{25,60}$|^[a-z]{1,9}[A-Z0-9][a-z0-9]{0,9}$/), (token) => {
      return pathTemplate(`/things/${token}`) === '/things/{}'
    }),
  )
})
