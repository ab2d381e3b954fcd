import { describe, expect, test } from '@jest/globals'
import { EgressFailure, RefusedAddress } from '@app/egress'
import { BrokerFailure, networkFailure, outcomeOf } from './broker-failure.ts'

const coded = (code: string): Error => Object.assign(new Error(`connect ${code} 10.0.0.7:5672`), { code })

describe('what the network says', () => {
  test.each([
    [coded('ECONNREFUSED'), 'unreachable'],
    [coded('ENOTFOUND'), 'unreachable'],
    [coded('CERT_HAS_EXPIRED'), 'unreachable'],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'unreachable'],
    [new Error('no', { cause: new AggregateError([coded('EHOSTUNREACH')]) }), 'unreachable'],
    [new RefusedAddress(), 'refused_address'],
    [new AggregateError([coded('ECONNREFUSED'), new RefusedAddress()]), 'refused_address'],
    [new EgressFailure('url', { effect: 'none' }), 'refused_address'],
  ])('%s is %s', (error, code) => {
    expect(networkFailure(error)?.code).toBe(code)
  })

  test('other errors are not its own, and one that is its own cause ends', () => {
    const turning = new Error('round')
    turning.cause = turning
    for (const error of [turning, coded('PLT_KFK_USER'), 'text', null, undefined]) {
      expect(networkFailure(error)).toBeUndefined()
    }
  })
})

test("the broker's words are redacted, cut, and without what it was told to prove", () => {
  const said = `no entry for s3cret-pass, card 4111 1111 1111 1111 ${'x'.repeat(2_000)}`
  const outcome = outcomeOf(new BrokerFailure('rejected', { said, permanent: true }), ['s3cret-pass', 'no'])
  expect(outcome).toMatchObject({ code: 'rejected', delivered: false, permanent: true })
  expect(outcome.excerpt).toMatch(/^no entry for \[secret\], card 411111\*+1111 x+$/)
  expect(outcome.excerpt?.length).toBe(500)
})

test('nothing said, nothing shown', () => {
  expect(outcomeOf(new BrokerFailure('unreachable'), [])).toEqual({ code: 'unreachable', delivered: false })
})
