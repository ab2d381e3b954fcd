import { describe, expect, test } from '@jest/globals'
import ipaddr from 'ipaddr.js'
import type { LookupAddress } from 'node:dns'
import { guardedAddresses, guardedLookup, RefusedAddress } from './guarded-lookup.ts'

const PRIVATE = [ipaddr.parseCIDR('10.0.0.0/8')]
const GOOD = { address: '8.8.8.8', family: 4 }
const INSIDE = { address: '10.0.0.7', family: 4 }

const answering = (...answers: LookupAddress[]) => ({ allowed: PRIVATE, resolve: async () => answers })

describe('the addresses of a host', () => {
  test('are answered when all of them are good', async () => {
    expect(await guardedAddresses('a.example', { ...answering(GOOD, INSIDE), secure: true })).toEqual([
      GOOD,
      INSIDE,
    ])
    expect(await guardedAddresses('10.1.2.3', { ...answering(), secure: false })).toEqual([
      { address: '10.1.2.3', family: 4 },
    ])
  })

  test.each([
    ['one of them is bad', 'a.example', [GOOD, { address: '169.254.169.254', family: 4 }], true],
    ['there is none', 'a.example', [], true],
    ['it is a bad literal', '::1', [], true],
    ['one of them is public and no TLS is spoken', 'a.example', [INSIDE, GOOD], false],
    ['it is a public literal and no TLS is spoken', '8.8.8.8', [], false],
  ])('are refused when %s', async (_, host, answers, secure) => {
    await expect(guardedAddresses(host, { ...answering(...answers), secure })).rejects.toThrow(RefusedAddress)
  })
})

describe("a socket's lookup", () => {
  const looked = (all: boolean, ...answers: LookupAddress[]) =>
    new Promise<unknown[]>((resolve) => {
      guardedLookup({ ...answering(...answers), secure: true })('a.example', { all }, (...given) => {
        resolve(given)
      })
    })

  test('answers one, or all', async () => {
    expect(await looked(false, GOOD, INSIDE)).toEqual([null, GOOD.address, GOOD.family])
    expect(await looked(true, GOOD, INSIDE)).toEqual([null, [GOOD, INSIDE]])
  })

  test('fails for a bad one, and as the resolver does', async () => {
    expect(await looked(true, { address: '127.0.0.1', family: 4 })).toEqual([expect.any(RefusedAddress), ''])
    const failing = guardedLookup({
      allowed: [],
      secure: true,
      resolve: () => Promise.reject(new Error('ENOTFOUND')),
    })
    const error = await new Promise((resolve) => {
      failing('a.example', {}, (problem) => {
        resolve(problem)
      })
    })
    expect(error).toEqual(new Error('ENOTFOUND'))
  })
})
