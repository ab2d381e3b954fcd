import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Egress, EgressRoutes } from '@app/egress'
import { SignatureV4 } from '@smithy/signature-v4'
import { createHash, createHmac } from 'node:crypto'
import { PlayedProvider } from '../../../../test/support/played-provider.ts'
import type { BrokerSettings } from '../broker/broker-channel.ts'
import { askChannel } from '../broker/testing/ask-channel.ts'
import { address, LOCAL, NEVER, parcel } from '../broker/testing/parcel.ts'
import type { Address } from '../channel/channel.ts'
import { SqsChannel } from './sqs-channel.ts'

const KEYS = {
  access_key_id: 'AKIAIOSFODNN7EXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
const QUEUE = '/123456789012/events'

const egresses: Egress[] = []
function channelWith(settings: BrokerSettings = LOCAL): SqsChannel {
  const egress = new Egress({
    ...{ allowed: settings.allowed, routes: new EgressRoutes(false) },
    ...(settings.resolve && { resolve: settings.resolve }),
  })
  egresses.push(egress)
  return new SqsChannel(settings, egress)
}
afterAll(async () => {
  await Promise.all(egresses.map((egress) => egress.close()))
})

/** Node's own digests, in the signer's shape. */
class Sha256 {
  readonly #hash
  constructor(secret?: any) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: any): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

describe('a queue, as its protocol has it', () => {
  let service: PlayedProvider
  let channel: SqsChannel
  beforeAll(async () => {
    service = await PlayedProvider.start()
  })
  afterAll(() => service.stop())
  beforeEach(() => {
    service.seen.length = 0
    channel = channelWith()
    service.answer = (_, response, body) => {
      const { MessageBody, MessageAttributes } = JSON.parse(body.toString())
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(
        JSON.stringify({
          MessageId: 'b6633655-283d-45b4-aee4-4e84e0ae6afa',
          MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
          MD5OfMessageAttributes: md5Of(MessageAttributes),
        }),
      )
    }
  })
  afterEach(() => channel.close())

  const to = (path = QUEUE, rest: Partial<Address> = {}): Address =>
    address(service.url + path, { config: { region: 'me-south-1' }, credentials: KEYS, ...rest })

  test('one signed call, with the very bytes', async () => {
    const sent = parcel()
    expect(await channel.send(to(), sent, NEVER)).toEqual({ code: 'delivered', delivered: true })
    const { method, url, headers, body } = service.last
    expect([method, url]).toEqual(['POST', '/'])
    expect(headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.SendMessage',
    })
    const said = JSON.parse(body.toString())
    const attribute = (value: string) => ({ DataType: 'String', StringValue: value })
    expect(said).toEqual({
      QueueUrl: service.url + QUEUE,
      MessageBody: sent.body,
      MessageAttributes: {
        'content-type': attribute('application/cloudevents+json'),
        ...Object.fromEntries(
          Object.entries(sent.signature).map(([name, value]) => [name, attribute(value)]),
        ),
      },
    })
    expect(headers.authorization).toBe(await signatureOf(service))
    expect(service.seen).toHaveLength(1)
  })

  test('a FIFO queue hears of order and identity', async () => {
    const sent = async (orderKey: string | null) => {
      const one = parcel({ orderKey })
      expect(await channel.send(to(`${QUEUE}.fifo`), one, NEVER)).toMatchObject({ delivered: true })
      const { MessageGroupId, MessageDeduplicationId } = JSON.parse(service.last.body.toString())
      expect(MessageDeduplicationId).toBe(one.event.id)
      return MessageGroupId as string
    }
    expect(await sent(null)).toBe('payment-7')
    expect(await sent('order:9')).toBe('order:9')
    expect(await sent('طلب ٩')).toMatch(/^[0-9a-f]{64}$/)
  })

  test.each<[number, string, object]>([
    [400, 'com.amazonaws.sqs#QueueDoesNotExist', { code: 'not_found', status: 400 }],
    [400, 'com.amazonaws.sqs#InvalidMessageContents', { code: 'rejected', permanent: true }],
    [400, 'com.amazonaws.sqs#InvalidParameterValue', { code: 'rejected' }],
    [403, 'com.amazon.coral.service#AccessDeniedException', { code: 'unauthorized', status: 403 }],
    [400, 'com.amazonaws.sqs#InvalidSecurity', { code: 'unauthorized' }],
    [403, 'com.amazon.coral.service#SomethingNew', { code: 'unauthorized' }],
    [400, 'com.amazonaws.sqs#RequestThrottled', { code: 'broker_error' }],
    [500, 'com.amazonaws.sqs#InternalFailure', { code: 'broker_error', status: 500 }],
  ])('%d %s', async (status, type, expected) => {
    service.answer = (_, response) =>
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
        .end(JSON.stringify({ __type: type, message: `no, not with ${KEYS.secret_access_key}` }))
    const outcome = await channel.send(to(), parcel(), NEVER)
    expect(outcome).toMatchObject({ ...expected, delivered: false })
    expect(outcome.excerpt).toContain(type.split('#')[1])
    expect(JSON.stringify(outcome)).not.toContain(KEYS.secret_access_key)
    // The room repeats; its client must not.
    expect(service.seen).toHaveLength(1)
  })

  test.each<[string, string]>([
    ['something else than was sent', '{"MessageId":"1","MD5OfMessageBody":"00"}'],
    ['what is no JSON', '<html>'],
    ['far too much', 'x'.repeat(100_000)],
  ])('an answer that says %s', async (_, text) => {
    service.answer = (_request, response) => response.writeHead(200).end(text)
    expect(await channel.send(to(), parcel(), NEVER)).toMatchObject({
      delivered: false,
      code: 'broker_error',
    })
  })

  test('no answer, and one who gives up', async () => {
    service.answer = () => undefined
    const slow = channelWith({ ...LOCAL, limitMs: 200 })
    expect(await slow.send(to(), parcel(), NEVER)).toEqual({ code: 'timeout', delivered: false })
    await slow.close()
    const giving = new AbortController()
    service.answer = () => giving.abort()
    expect(await channel.send(to(), parcel(), giving.signal)).toEqual({ code: 'cancelled', delivered: false })
  })

  test('an address without a region', async () => {
    const outcome = await channel.send(to(QUEUE, { config: {} }), parcel(), NEVER)
    expect(outcome).toMatchObject({ code: 'rejected', excerpt: expect.stringContaining('config.region') })
  })
})

/** The same signature, made a second time from what arrived. */
async function signatureOf(service: PlayedProvider): Promise<string | undefined> {
  const { headers, body, method } = service.last
  const [, signed = ''] = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? []
  const date = String(headers['x-amz-date'])
  const signer = new SignatureV4({
    ...{ service: 'sqs', region: 'me-south-1', sha256: Sha256 },
    credentials: { accessKeyId: KEYS.access_key_id, secretAccessKey: KEYS.secret_access_key },
  })
  const request = await signer.sign(
    {
      ...{ method: method ?? '', protocol: 'http:', hostname: new URL(service.url).host, path: '/' },
      headers: Object.fromEntries(signed.split(';').map((name) => [name, String(headers[name])])),
      body: body.toString(),
    },
    { signingDate: new Date(date.replace(/(\d{4})(\d\d)(\d\dT\d\d)(\d\d)/, '$1-$2-$3:$4:')) },
  )
  return request.headers.authorization
}

/** Of names, types and values, each with its length before it. */
function md5Of(attributes: Record<string, { DataType: string; StringValue: string }>): string {
  const hash = createHash('md5')
  const put = (text: string): void => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(Buffer.byteLength(text))
    hash.update(length).update(text)
  }
  for (const [name, { DataType, StringValue }] of Object.entries(attributes).sort()) {
    put(name)
    put(DataType)
    hash.update(Buffer.of(1))
    put(StringValue)
  }
  return hash.digest('hex')
}

describe('with no queue', () => {
  const given = { config: { region: 'me-south-1' }, credentials: KEYS }
  askChannel({
    make: (settings) => channelWith(settings),
    secure: (authority) => address(`https://${authority}${QUEUE}`, given),
    plain: (authority) => address(`http://${authority}${QUEUE}`, given),
  })
})
