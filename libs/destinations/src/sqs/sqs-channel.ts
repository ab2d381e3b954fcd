import type { Egress } from '@app/egress'
import { type MessageAttributeValue, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { createHash } from 'node:crypto'
import { BrokerChannel, type BrokerSettings } from '../broker/broker-channel.ts'
import { BrokerFailure } from '../broker/broker-failure.ts'
import type { Link } from '../broker/links.ts'
import { CLOUD_EVENT } from '../broker/routing.ts'
import type { Address, Parcel } from '../channel/channel.ts'
import { overEgress } from './over-egress.ts'
import { sqsMeaning } from './sqs-meaning.ts'
import { regionOf, sqsRules } from './sqs-rules.ts'

/** Into a queue of Amazon SQS. Its client writes and signs the call; the call goes out as all of ours do. */
export class SqsChannel extends BrokerChannel {
  constructor(
    settings: BrokerSettings,
    private readonly egress: Egress,
  ) {
    super(settings)
  }

  protected override async open({ url, config, credentials }: Address): Promise<Link> {
    const queue = sqsRules.url(url, this.settings.allowed)
    const secrets = sqsRules.credentials.parse(credentials)
    const region = sqsRules.config.parse(config).region ?? regionOf(queue)
    if (region === undefined) {
      throw new BrokerFailure('rejected', { said: 'The address names no region: give it in config.region.' })
    }
    const client = new SQSClient({
      region,
      endpoint: queue.origin,
      // Ours are retried by the room, with delays of its own.
      maxAttempts: 1,
      requestHandler: overEgress(this.egress),
      credentials: {
        accessKeyId: secrets.access_key_id,
        secretAccessKey: secrets.secret_access_key,
        ...(secrets.session_token !== undefined && { sessionToken: secrets.session_token }),
      },
    })
    return new SqsLink(client, queue)
  }

  protected override meaningOf(error: unknown): BrokerFailure | undefined {
    return sqsMeaning(error)
  }
}

class SqsLink implements Link {
  readonly isOpen = true

  constructor(
    private readonly client: SQSClient,
    private readonly queue: URL,
  ) {}

  async publish(parcel: Parcel, signal: AbortSignal): Promise<void> {
    const message = new SendMessageCommand({
      QueueUrl: this.queue.href,
      MessageBody: parcel.body,
      MessageAttributes: attributes({ 'content-type': CLOUD_EVENT, ...parcel.signature }),
      ...(this.queue.pathname.endsWith('.fifo') && ordered(parcel)),
    })
    await this.client.send(message, { abortSignal: signal })
  }

  async close(): Promise<void> {
    this.client.destroy()
  }
}

/** What belongs to one object stays in order; the same event within five minutes is taken once. */
function ordered({ event, orderKey }: Parcel): { MessageGroupId: string; MessageDeduplicationId: string } {
  return { MessageGroupId: fitting(orderKey ?? event.subject), MessageDeduplicationId: event.id }
}

/** SQS takes 128 visible ASCII characters. */
function fitting(key: string): string {
  return /^[\x21-\x7e]{1,128}$/.test(key) ? key : createHash('sha256').update(key).digest('hex')
}

function attributes(headers: Readonly<Record<string, string>>): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  )
}
