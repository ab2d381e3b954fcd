import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { isAllowed, isListed } from './address-guard.ts'

const PRIVATE_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
]

const NOT_GLOBAL_V6 = [
  '::/128',
  '::1/128',
  '::/96',
  '::ffff:0:0/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/32',
  '2001:2::/48',
  '2001:10::/28',
  '2001:20::/28',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '4000::/3',
  '5f00::/16',
  '8000::/1',
  'fc00::/7',
  'fd00:ec2::254/128',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/** The first, the last and one in the middle of a range, as text. */
function samplesOf(range: string): string[] {
  const [base, bits] = ipaddr.parseCIDR(range)
  const bytes = base.toByteArray()
  const filled = (fill: number): string =>
    ipaddr
      .fromByteArray(
        bytes.map((byte, index) => {
          const free = 0xff >> Math.min(8, Math.max(0, bits - index * 8))
          return (byte & ~free) | (fill & free)
        }),
      )
      .toString()
  return [...new Set([filled(0), filled(0x5a), filled(0xff)])]
}

describe('refused', () => {
  test.each([...PRIVATE_V4, ...NOT_GLOBAL_V6].flatMap((range) => samplesOf(range).map((ip) => [ip, range])))(
    '%s of %s',
    (ip) => expect(isAllowed(ip, [])).toBe(false),
  )

  test.each([
    '168.63.129.16',
    '2001:4860::5efe:808:808',
    '2001:4860::200:5efe:808:808',
    '2606:4700:4700::1111%eth0',
    '0177.0.0.1',
    '0x7f.1',
    '2130706433',
    '127.1',
    '8.8.8.08',
    ' 8.8.8.8',
    '8.8.8.8:443',
    '[2606:4700::1]',
    'localhost',
    '',
  ])('%j', (text) => expect(isAllowed(text, [])).toBe(false))
})

describe('allowed', () => {
  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:82a::200e',
    '2001:4860:4860::8888',
  ])('%s', (ip) => expect(isAllowed(ip, [])).toBe(true))
})

const anyPrivateV4 = fc
  .constantFrom(...PRIVATE_V4)
  .chain((range) => {
    const [base, bits] = ipaddr.IPv4.parseCIDR(range)
    const start = base.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0)
    return fc.integer({ min: 0, max: 2 ** (32 - bits) - 1 }).map((offset) => start + offset)
  })
  .map((number) => [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff))

const anyV4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((octets): number[] => octets)

/** How an IPv4 address can hide in an IPv6 one. */
const EMBEDDINGS: Record<string, (high: string, low: string) => string> = {
  mapped: (high, low) => `::ffff:${high}:${low}`,
  compatible: (high, low) => `::${high}:${low}`,
  translated: (high, low) => `::ffff:0:${high}:${low}`,
  nat64: (high, low) => `64:ff9b::${high}:${low}`,
  'local nat64': (high, low) => `64:ff9b:1::${high}:${low}`,
  '6to4': (high, low) => `2002:${high}:${low}::1`,
  'teredo server': (high, low) => `2001:0:${high}:${low}::1`,
  'teredo client': (high, low) => `2001:0:4136:e378:8000:63bf:${inverted(high)}:${inverted(low)}`,
  isatap: (high, low) => `2001:4860:1:2:0:5efe:${high}:${low}`,
  'global isatap': (high, low) => `2001:4860:1:2:200:5efe:${high}:${low}`,
}

function inverted(part: string): string {
  return (~parseInt(part, 16) & 0xffff).toString(16)
}

function embedded(octets: number[], embed: (high: string, low: string) => string): string {
  const [a = 0, b = 0, c = 0, d = 0] = octets
  return embed(((a << 8) | b).toString(16), ((c << 8) | d).toString(16))
}

describe('no address hides in another', () => {
  test('any private IPv4 address is refused as it stands', () => {
    fc.assert(fc.property(anyPrivateV4, (octets) => !isAllowed(octets.join('.'), [])))
  })

  test.each(Object.entries(EMBEDDINGS))('%s: any IPv4 address, private or not, is refused', (_, embed) => {
    fc.assert(fc.property(fc.oneof(anyPrivateV4, anyV4), (octets) => !isAllowed(embedded(octets, embed), [])))
  })

  test('what is allowed over IPv6 is in 2000::/3', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        const plain = ip.replace(/%.*$/, '')
        return !isAllowed(plain, []) || ipaddr.parse(plain).match(ipaddr.parseCIDR('2000::/3'))
      }),
    )
  })

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof isAllowed(text, []) === 'boolean'))
  })
})

describe('what the operator allowed', () => {
  const ranges = [ipaddr.parseCIDR('10.20.0.0/16'), ipaddr.parseCIDR('fd00:20::/48')]

  test.each(['10.20.0.0', '10.20.255.255', 'fd00:20::1'])('%s wins, and is listed', (ip) => {
    expect(isAllowed(ip, ranges)).toBe(true)
    expect(isListed(ip, ranges)).toBe(true)
  })

  test.each([
    '10.21.0.0',
    '10.19.255.255',
    'fd00:21::1',
    '::ffff:10.20.0.1',
    '64:ff9b::10.20.0.1',
    '127.0.0.1',
  ])('%s stays refused', (ip) => expect(isAllowed(ip, ranges)).toBe(false))

  test('a public address is allowed, but not listed', () => {
    expect(isAllowed('8.8.8.8', ranges)).toBe(true)
    expect(isListed('8.8.8.8', ranges)).toBe(false)
  })
})
