import { expect, test } from '@jest/globals'
import ipaddr from 'ipaddr.js'
import { clientAddress } from './client-address.ts'

const proxies = ['10.0.0.0/8', 'fd00::/8'].map((range) => ipaddr.parseCIDR(range))

test.each<[string, string | undefined, string | string[] | undefined, string]>([
  ['the peer, where it is no proxy of ours', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['the last address that is not ours', '10.0.0.1', '192.0.2.7, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
  ['several headers as one list', '10.0.0.1', ['192.0.2.7', '198.51.100.1'], '198.51.100.1'],
  ['the proxy itself, where it tells nothing', '10.0.0.1', undefined, '10.0.0.1'],
  ['the nearest that is an address', '10.0.0.1', '198.51.100.1, <script>', '10.0.0.1'],
  ['IPv4 in IPv6 as IPv4', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['IPv6', 'fd00::1', '2001:db8::7', '2001:db8::7'],
  ['nobody', undefined, '198.51.100.1', '0.0.0.0'],
])('%s', (_, peer, forwardedFor, expected) => {
  expect(clientAddress(peer, forwardedFor, proxies)).toBe(expected)
})
