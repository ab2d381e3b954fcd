import { Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { Settings } from '@app/config'
import { Egress } from '@app/egress'
import { KafkaChannel } from '../kafka/kafka-channel.ts'
import { kafkaRules } from '../kafka/kafka-rules.ts'
import { NatsChannel } from '../nats/nats-channel.ts'
import { natsRules } from '../nats/nats-rules.ts'
import { RabbitMqChannel } from '../rabbitmq/rabbitmq-channel.ts'
import { rabbitMqRules } from '../rabbitmq/rabbitmq-rules.ts'
import { SqsChannel } from '../sqs/sqs-channel.ts'
import { sqsRules } from '../sqs/sqs-rules.ts'
import type { ChannelRules } from './channel-rules.ts'
import type { Channel } from './channel.ts'
import { HttpChannel } from './http/http-channel.ts'
import { httpRules } from './http/http-rules.ts'

/** Every kind of destination of this build, and what it takes. */
export const kinds = {
  http: httpRules,
  nats: natsRules,
  kafka: kafkaRules,
  rabbitmq: rabbitMqRules,
  sqs: sqsRules,
} as const satisfies Record<string, ChannelRules>
export type Kind = keyof typeof kinds

/** The same kinds, ready to send. */
@Injectable()
export class Channels implements OnApplicationShutdown {
  readonly #channels: Record<Kind, Channel>

  constructor(egress: Egress, settings: Settings) {
    const brokers = { allowed: settings.get('OUTBOUND_ALLOWED_CIDRS') }
    this.#channels = {
      http: new HttpChannel(egress),
      nats: new NatsChannel(brokers),
      kafka: new KafkaChannel(brokers),
      rabbitmq: new RabbitMqChannel(brokers),
      sqs: new SqsChannel(brokers, egress),
    }
  }

  /** undefined: no kind of this build. */
  of(kind: string): Channel | undefined {
    return Object.hasOwn(this.#channels, kind) ? this.#channels[kind as Kind] : undefined
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Object.values(this.#channels).map((channel) => channel.close()))
  }
}
