import { afterAll, expect, test } from '@jest/globals'
import { refusedStart } from '../support/child.ts'
import { dataDirs } from '../support/data-dirs.ts'

const KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`
const folders = dataDirs()
afterAll(() => {
  folders.remove()
})

test.each<[string, string, string, Record<string, string>?]>([
  ['HOST', 'not a host', 'neither an IP address nor a host name'],
  ['PUBLIC_URL', 'wasl.example.com', 'not a URL'],
  ['PUBLIC_URL', 'https://wasl.example/?a=1', 'more than scheme, host, port and path'],
  ['DATABASE_URL', 'mysql://wasl@db/wasl', 'not a URL that begins with postgres:// or postgresql://'],
  ['BODY_STORE_URL', 'https://bucket', 'not a URL that begins with s3:// or file://'],
  ['ADMIN_API_KEY', 'short', 'not 8 to 512 visible ASCII characters without a blank'],
  ['ENCRYPTION_KEYS', 'k1:AAAA', 'not a list of `id:base64-of-32-bytes`'],
  ['ENCRYPTION_KEYS', `${KEYS},${KEYS}`, 'a list in which two keys have one id'],
  ['ROLES', 'api,cook', 'not one of api, worker, scheduler'],
  ['ROLES', ',', 'empty: a process without a role does nothing'],
  ['OUTBOUND_ALLOWED_CIDRS', '10.0.0.0/33', 'not a list of ranges in CIDR notation'],
  ['TRUSTED_PROXIES', 'everybody', 'not a list of ranges in CIDR notation'],
  ['DATA_COUNTRY', 'KSA', 'not two capital letters of ISO 3166-1'],
  ['RETENTION_BODIES', '72', 'not an ISO 8601 duration'],
  ['RETENTION_API_LOGS', '-P1D', 'not a duration of a second or more'],
  ['RETENTION_EVENTS', 'P7D', 'shorter than P30D'],
  ['RETENTION_METRICS', 'P', 'not an ISO 8601 duration'],
  ['RETENTION_AUDIT', 'P1M', 'shorter than P12M'],
  ['SANDBOX_PORT', '0', 'not a whole number from 1 to 65535'],
  ['LOG_LEVEL', 'loud', 'not one of fatal, error, warn, info, debug, trace, silent'],
  [
    'ADMIN_API_KEY',
    'x'.repeat(31),
    'shorter than the 32 characters that production asks for',
    { NODE_ENV: 'production', ENCRYPTION_KEYS: KEYS },
  ],
])('%s=%s stops the start with one line', async (name, value, wrong, others = {}) => {
  const { code, lines } = await refusedStart({ DATA_DIR: folders.make(), ...others, [name]: value })
  expect(lines).toEqual([expect.stringContaining(`${name} is ${wrong}. Example: ${name}=`)])
  expect(code).toBe(1)
})
