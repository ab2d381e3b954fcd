import { describe, expect, test } from '@jest/globals'
import { nkeys } from '@nats-io/transport-node'
import { generateKeyPairSync } from 'node:crypto'
import { TEST_AUTHORITY, TEST_CERTIFICATE, TEST_KEY } from '../../../../test/support/broker-servers.ts'
import { regionOf } from '../sqs/sqs-rules.ts'
import { brokerRules } from './brokers.ts'

type Kind = keyof typeof brokerRules
type Part = 'config' | 'credentials'

const parsed = (kind: Kind, part: Part, given: unknown) => brokerRules[kind][part].safeParse(given)
const user = nkeys.createUser()
const SEED = new TextDecoder().decode(user.getSeed())
const CREDS = [
  ...['-----BEGIN NATS USER JWT-----', 'eyJ0eXAiOiJKV1QifQ.e30.c2ln', '------END NATS USER JWT------', ''],
  ...['-----BEGIN USER NKEY SEED-----', SEED, '------END USER NKEY SEED------', ''],
].join('\n')

describe('is taken', () => {
  test.each<[Kind, Part, object]>([
    ['nats', 'config', { subject: 'events.{type}' }],
    ['nats', 'config', { subject: 'events', stream: 'EVENTS', ca_certificate: TEST_AUTHORITY }],
    ['nats', 'credentials', {}],
    ['nats', 'credentials', { username: 'a', password: 'b' }],
    ['nats', 'credentials', { token: 't' }],
    ['nats', 'credentials', { creds: CREDS }],
    ['nats', 'credentials', { nkey_seed: SEED, client_certificate: TEST_CERTIFICATE, client_key: TEST_KEY }],
    ['kafka', 'config', { topic: 'events.{type}', tls: false, mechanism: 'plain' }],
    ['kafka', 'credentials', { username: 'a', password: 'b' }],
    ['rabbitmq', 'config', { exchange: 'events', routing_key: '{type}' }],
    ['rabbitmq', 'config', { routing_key: 'a queue' }],
    ['rabbitmq', 'credentials', { client_certificate: TEST_CERTIFICATE, client_key: TEST_KEY }],
    ['sqs', 'config', {}],
    ['sqs', 'config', { region: 'me-central-1' }],
    [
      'sqs',
      'credentials',
      { access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: 's', session_token: 't' },
    ],
  ])('%s %s %j', (kind, part, given) => {
    expect(parsed(kind, part, given)).toMatchObject({ success: true, data: given })
  })
})

const encrypted = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey

describe('is refused, with a pointer', () => {
  test.each<[Kind, Part, object, string]>([
    ...['', '.', 'a.', 'a..b', 'a b', 'a.*', 'a.>', '$JS.API.x', '{type}.*', 'a\0b'].map(
      (subject): [Kind, Part, object, string] => ['nats', 'config', { subject }, 'subject'],
    ),
    ['nats', 'config', {}, 'subject'],
    ['nats', 'config', { subject: 'a', stream: 'a.b' }, 'stream'],
    ['nats', 'config', { subject: 'a', ca_certificate: 'not PEM' }, 'ca_certificate'],
    ['nats', 'config', { subject: 'a', password: 'x' }, ''],
    ['nats', 'credentials', { username: 'a' }, 'password'],
    ['nats', 'credentials', { password: 'a' }, 'username'],
    ['nats', 'credentials', { token: 't', nkey_seed: SEED }, ''],
    ['nats', 'credentials', { nkey_seed: 'UAAA' }, 'nkey_seed'],
    ['nats', 'credentials', { nkey_seed: `SU${'A'.repeat(56)}` }, 'nkey_seed'],
    ['nats', 'credentials', { creds: CREDS.slice(0, 120) }, 'creds'],
    ['nats', 'credentials', { creds: 'eyJ' }, 'creds'],
    ['kafka', 'config', { topic: 'with blank' }, 'topic'],
    ['kafka', 'config', { topic: '..' }, 'topic'],
    ['kafka', 'config', { topic: 'a', mechanism: 'gssapi' }, 'mechanism'],
    ['kafka', 'credentials', { username: 'a' }, 'password'],
    ['kafka', 'credentials', { client_certificate: TEST_CERTIFICATE }, 'client_key'],
    ['kafka', 'credentials', { client_certificate: TEST_CERTIFICATE, client_key: encrypted }, 'client_key'],
    ['rabbitmq', 'config', { exchange: 'a\nb', routing_key: '' }, 'exchange'],
    ['rabbitmq', 'config', { routing_key: 'x'.repeat(200) }, 'routing_key'],
    ['rabbitmq', 'credentials', { username: '', password: 'x' }, 'username'],
    ['sqs', 'config', { region: 'somewhere' }, 'region'],
    ['sqs', 'credentials', {}, 'access_key_id'],
    ['sqs', 'credentials', { access_key_id: 'akia', secret_access_key: 's' }, 'access_key_id'],
  ])('%s %s %j', (kind, part, given, path) => {
    const { success, error } = parsed(kind, part, given)
    expect(success).toBe(false)
    expect(error?.issues.map((issue) => issue.path.join('/'))).toContain(path)
  })

  test('and what was given is in no message', () => {
    const { error } = parsed('nats', 'credentials', { username: 'hidden-one', creds: 'hidden-two' })
    expect(JSON.stringify(error?.issues)).not.toContain('hidden')
  })
})

test.each([
  ['sqs.me-south-1.amazonaws.com', 'me-south-1'],
  ['sqs-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['sqs.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['sqs.me-central-1.api.aws', 'me-central-1'],
  ['vpce-0a.sqs.me-south-1.vpce.amazonaws.com', 'me-south-1'],
  ['eu-west-1.queue.amazonaws.com', 'eu-west-1'],
  ['queue.example', undefined],
])('the region of %s', (host, region) => {
  expect(regionOf(new URL(`https://${host}/123456789012/a`))).toBe(region)
})
