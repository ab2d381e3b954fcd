import { describe, expect, test } from '@jest/globals'
import ipaddr from 'ipaddr.js'

import { brokerRules as rules } from './brokers.ts'

type Kind = keyof typeof rules
const PRIVATE = [ipaddr.parseCIDR('10.0.0.0/8')]

test.each<[Kind, string, string]>([
  ['nats', 'tls://broker.example', 'tls://broker.example:4222'],
  ['nats', 'tls://Broker.Example:4443/', 'tls://broker.example:4443/'],
  ['nats', 'tls://[2001:4860::1]', 'tls://[2001:4860::1]:4222'],
  ['nats', 'nats://10.0.0.7', 'nats://10.0.0.7:4222'],
  ['nats', 'nats://broker.internal', 'nats://broker.internal:4222'],
  ['rabbitmq', 'amqps://broker.example', 'amqps://broker.example:5671'],
  ['rabbitmq', 'amqps://broker.example:443/%2Fshop', 'amqps://broker.example:443/%2Fshop'],
  ['rabbitmq', 'amqp://10.0.0.7/shop', 'amqp://10.0.0.7:5672/shop'],
  ['kafka', 'kafka://one.example:9093,two.example', 'kafka://one.example:9093,two.example:9092'],
  [
    'sqs',
    'https://sqs.me-south-1.amazonaws.com/123456789012/events.fifo',
    'https://sqs.me-south-1.amazonaws.com/123456789012/events.fifo',
  ],
])('%s may go to %s', (kind, text, href) => {
  expect(rules[kind].url(text, PRIVATE).href).toBe(href)
})

const everywhere = (kind: Kind, scheme: string): [Kind, string][] =>
  [
    ...['', 'broker.example:22', 'broker.example:0', 'broker.example:99999', 'user:pass@broker.example'],
    ...[
      '@broker.example',
      '127.0.0.1',
      '169.254.169.254',
      '[::1]',
      '[::ffff:10.0.0.1]',
      '0x7f.1',
      '2130706433',
    ],
    ...['broker.example\\@evil.example', 'broker.example#', 'broker.example?a=1', 'a b', 'broker.example\n'],
    ...['broker_.-example-', '%31%32%37.0.0.1'],
  ].map((authority) => [kind, `${scheme}://${authority}`])

describe('nothing goes to', () => {
  test.each<[Kind, string]>([
    ...everywhere('nats', 'tls'),
    ...everywhere('rabbitmq', 'amqps'),
    ...everywhere('kafka', 'kafka'),
    ...everywhere('sqs', 'https'),
    ['nats', 'https://broker.example'],
    ['nats', 'nats://8.8.8.8'],
    ['nats', 'tls://one.example,two.example'],
    ['nats', 'tls://broker.example/path'],
    ['rabbitmq', 'amqp://8.8.8.8'],
    ['rabbitmq', 'amqps://broker.example/a/b'],
    ['rabbitmq', 'amqps://broker.example/%2'],
    ['kafka', 'kafka://one.example,127.0.0.1'],
    ['kafka', 'kafka://one.example,,two.example'],
    ['kafka', `kafka://${Array(21).fill('one.example').join(',')}`],
    ['sqs', 'https://sqs.me-south-1.amazonaws.com/'],
    ['sqs', 'https://sqs.me-south-1.amazonaws.com/123456789012/events?Action=DeleteQueue'],
    ['sqs', 'http://sqs.me-south-1.amazonaws.com/123456789012/events'],
  ])('%s: %j', (kind, text) => {
    // A name says nothing about where it leads, so without TLS it is the socket's lookup that refuses.
    const allowed = text.startsWith('http:') ? [] : PRIVATE
    expect(() => rules[kind].url(text, allowed)).toThrow('refused_address')
  })

  test('any plain scheme, where no range is allowed', () => {
    expect(() => rules.nats.url('nats://broker.internal', [])).toThrow('refused_address')
    expect(() => rules.rabbitmq.url('amqp://broker.internal', [])).toThrow('refused_address')
  })
})
