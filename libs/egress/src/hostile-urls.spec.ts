import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import ipaddr from 'ipaddr.js'
import type { LookupAddress } from 'node:dns'
import { Egress, type EgressSettings } from './egress-client.ts'
import { EgressFailure } from './egress-failure.ts'
import { EgressRoutes } from './routes.ts'
import { TEST_AUTHORITY } from './testing/certificate.ts'
import { type LocalServer, localServer } from './testing/local-server.ts'

/** Ways to write an address that a guard has fallen for somewhere. `PORT` is where the listener waits. */
const HOSTS = [
  // the loopback, plainly and in every notation that inet_aton takes
  '127.0.0.1',
  '127.0.0.2',
  '127.1',
  '127.0.1',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0X7F000001',
  '0x7f.0.0.1',
  '0x7f.1',
  '0177.0.0.1',
  '0177.1',
  '017700000001',
  '0177.0x0.0.1',
  '00000177.0.0.1',
  '127.0.0.1.',
  '127.0.0.01',
  '127.00.00.01',
  '0',
  '0.0.0.0',
  '0.0.0.1',
  '0x0',
  '00',
  '4294967295',
  '037777777777',
  '0.0',
  // signs that the parser folds to digits and dots
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '127.0.0.1',
  '１２７.０.０.１',
  '127｡0｡0｡1',
  '𝟏𝟐𝟕.𝟎.𝟎.𝟏',
  '₁₂₇.₀.₀.₁',
  '%31%32%37.0.0.1',
  '127%2e0%2e0%2e1',
  '127.0.0.1%00',
  '127.0.0.1%20',
  '%6c%6f%63%61%6c%68%6f%73%74',
  'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
  // private, link-local, shared, metadata, documentation, multicast, reserved
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.1.254',
  '167772161',
  '0xa000001',
  '012.0.0.1',
  '3232235521',
  '0xC0A80001',
  '169.254.169.254',
  '169.254.170.2',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  '198.18.0.1',
  '192.0.2.1',
  '198.51.100.1',
  '203.0.113.1',
  '192.88.99.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  // IPv6, and IPv4 within it
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[::0001]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:7f00:0001]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[2002:7f00:0001:0:0:0:0:1]',
  '[2001:0:7f00:1::1]',
  '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  '[2001:4860::5efe:127.0.0.1]',
  '[2001:4860::200:5efe:7f00:1]',
  '[fe80::1]',
  '[fe80::1%25lo]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[100::1]',
  '[5f00::1]',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[::ffff:10.0.0.1]',
  '[::ffff:192.168.0.1]',
  '[64:ff9b::a9fe:a9fe]',
  '[4000::1]',
  '[::2]',
  // names that lead inside
  'localhost',
  'LOCALHOST',
  'localhost.',
  'localhost.localdomain',
  'a.localhost',
  'ip6-localhost',
  'metadata',
  'metadata.google.internal',
  'instance-data',
  'kubernetes.default.svc',
  'db.internal',
  'printer.local',
  '127.0.0.1.nip.example',
  'spoofed.example',
  'mixed.example',
  'mixed-last.example',
  'mapped.example',
  'six.example',
  'nat64.example',
  'none.example',
  'nonsense.example',
  'zone.example',
  'unspecified.example',
  'metadata.example',
]

const SHAPES: ((host: string, port: number) => string)[] = [
  (host, port) => `https://${host}:${port}/`,
  (host, port) => `http://${host}:${port}/latest/meta-data/`,
]

/** Tricks with the rest of the URL; the listener waits at the loopback. */
function tricks(port: number): string[] {
  return [
    `https://api.tap.company@127.0.0.1:${port}/`,
    `https://api.tap.company:443@127.0.0.1:${port}/`,
    `https://api.tap.company%40127.0.0.1:${port}/`,
    `https://api.tap.company\\@127.0.0.1:${port}/`,
    `https://127.0.0.1:${port}\\@api.tap.company/`,
    `https://127.0.0.1:${port}#@api.tap.company/`,
    `https://127.0.0.1:${port}?@api.tap.company/`,
    `https://api.tap.company/@127.0.0.1:${port}`.replace('/@', '@'),
    `https://@127.0.0.1:${port}/`,
    `https://:@127.0.0.1:${port}/`,
    `https:127.0.0.1:${port}/`,
    `https:/127.0.0.1:${port}/`,
    `https:///127.0.0.1:${port}/`,
    `https:////127.0.0.1:${port}/`,
    `https:\\\\127.0.0.1:${port}/`,
    `//127.0.0.1:${port}/`,
    `127.0.0.1:${port}`,
    `\thttps://127.0.0.1:${port}/`,
    `ht\ntps://127.0.0.1:${port}/`,
    `https://127.0.0.1\t:${port}/`,
    `https://127.0.0.1\r\n:${port}/`,
    `https://127.0.0.1\u0000.tap.company:${port}/`,
    `https://localhost\u00ad:${port}/`,
    `https://lo\u200bcalhost:${port}/`,
    `https://127.0.0.1:0${port}/`,
    `https://127.0.0.1:%3${port}/`,
    `https://[::1]api.tap.company:${port}/`,
    `https://[::1`,
    `ftp://127.0.0.1:${port}/`,
    `gopher://127.0.0.1:${port}/_GET`,
    `dict://127.0.0.1:${port}/`,
    `ws://127.0.0.1:${port}/`,
    `wss://127.0.0.1:${port}/`,
    `file://127.0.0.1/etc/passwd`,
    `file:///etc/passwd`,
    `jar:https://127.0.0.1:${port}/!/`,
    `view-source:https://127.0.0.1:${port}/`,
    `data:text/plain,x`,
    `unix:/var/run/docker.sock:/v1/info`,
    `http+unix://%2Fvar%2Frun%2Fdocker.sock/v1/info`,
    ...[0, 1, 21, 22, 23, 25, 53, 110, 143, 389, 445, 465, 587, 993, 995, 1023].map(
      (closed) => `https://8.8.8.8:${closed}/`,
    ),
  ]
}

const ANSWERS: Record<string, LookupAddress[]> = {
  'mixed.example': [v4('127.0.0.1'), v4('8.8.8.8')],
  'mixed-last.example': [v4('8.8.8.8'), v4('127.0.0.1')],
  'mapped.example': [{ address: '::ffff:127.0.0.1', family: 6 }],
  'six.example': [{ address: '::1', family: 6 }],
  'nat64.example': [{ address: '64:ff9b::7f00:1', family: 6 }],
  'none.example': [],
  'nonsense.example': [v4('0x7f.1')],
  'zone.example': [{ address: 'fe80::1%lo', family: 6 }],
  'unspecified.example': [v4('0.0.0.0')],
  'metadata.example': [v4('169.254.169.254')],
}

function v4(address: string): LookupAddress {
  return { address, family: 4 }
}

const resolve = async (hostname: string): Promise<LookupAddress[]> => ANSWERS[hostname] ?? [v4('127.0.0.1')]

let listener: LocalServer
let secureListener: LocalServer

beforeAll(async () => {
  listener = await localServer((_, response) => response.end('reached'))
  secureListener = await localServer((_, response) => response.end('reached'), true)
})
afterAll(() => Promise.all([listener.close(), secureListener.close()]))

function egress(settings: Partial<EgressSettings>): Egress {
  return new Egress({
    allowed: [],
    routes: new EgressRoutes(false),
    resolve,
    ca: TEST_AUTHORITY,
    ...settings,
  })
}

function hostileUrls(): string[] {
  return [listener.port, secureListener.port].flatMap((port) => [
    ...HOSTS.flatMap((host) => SHAPES.map((shape) => shape(host, port))),
    ...tricks(port),
  ])
}

describe('the listener sees nobody', () => {
  test('there are at least 300 hostile URLs', () => {
    expect(new Set(hostileUrls()).size).toBeGreaterThanOrEqual(300)
  })

  test.each([
    ['with nothing allowed', []],
    ['with a private range allowed that it is not in', [ipaddr.parseCIDR('10.77.0.0/16')]],
  ])('%s', async (_, allowed) => {
    const out = egress({ allowed })
    const calls = hostileUrls().map(async (url) => {
      const outcome = await out.send({ method: 'GET', url }).catch((error: unknown) => error)
      return outcome instanceof EgressFailure && outcome.code === 'refused_address' ? [] : [url]
    })
    expect((await Promise.all(calls)).flat()).toEqual([])
    expect([listener.connections, secureListener.connections]).toEqual([0, 0])
    await out.close()
  })

  test('though it would see an honest one', async () => {
    const out = egress({ allowed: [ipaddr.parseCIDR('127.0.0.0/8')] })
    await out.send({ method: 'GET', url: `http://localhost:${listener.port}/` })
    await out.send({ method: 'GET', url: `https://api.provider.test:${secureListener.port}/` })
    expect([listener.connections, secureListener.connections]).toEqual([1, 1])
    await out.close()
  })
})

test('a name that answers twice differently is asked once: the socket goes to what was checked', async () => {
  const bad = await localServer((_, response) => response.end('reached'))
  let asked = 0
  const out = egress({
    // Only 127.0.0.2 is good, and only the first answer names it.
    allowed: [ipaddr.parseCIDR('127.0.0.2/32')],
    resolve: async () => [v4(asked++ === 0 ? '127.0.0.2' : '127.0.0.1')],
    limits: { connectMs: 1_000 },
  })
  const url = `http://rebinding.example:${bad.port}/`
  // Nobody listens at 127.0.0.2: the call fails there, rather than arrive elsewhere.
  await expect(out.send({ method: 'GET', url })).rejects.toMatchObject({ code: 'provider_unavailable' })
  expect([asked, bad.connections]).toEqual([1, 0])
  // Each new socket is checked anew.
  await expect(out.send({ method: 'GET', url })).rejects.toMatchObject({ code: 'refused_address' })
  expect([asked, bad.connections]).toEqual([2, 0])
  await Promise.all([out.close(), bad.close()])
})

test('a redirect to a metadata address is an answer, not an errand', async () => {
  const asked: string[] = []
  const redirecting = await localServer((_, response) =>
    response.writeHead(307, { location: `http://metadata.example:${listener.port}/` }).end(),
  )
  const before = listener.connections
  const out = egress({
    allowed: [ipaddr.parseCIDR('127.0.0.0/8')],
    resolve: (hostname) => {
      asked.push(hostname)
      return resolve(hostname)
    },
  })
  const reply = await out.send({
    method: 'POST',
    url: `http://honest.example:${redirecting.port}/`,
    body: 'x',
  })
  expect(reply.status).toBe(307)
  expect(asked).toEqual(['honest.example'])
  expect(listener.connections).toBe(before)
  await Promise.all([out.close(), redirecting.close()])
})
