import { BrokerChannel } from '../broker/broker-channel.ts'
import type { BrokerFailure } from '../broker/broker-failure.ts'
import type { Leash } from '../broker/leash.ts'
import type { Link } from '../broker/links.ts'
import { CLOUD_EVENT, routed } from '../broker/routing.ts'
import type { Address, Parcel } from '../channel/channel.ts'
import type { GuardedProducer } from './guarded-producer.ts'
import { kafkaMeaning } from './kafka-meaning.ts'
import { type KafkaConfig, kafkaRules } from './kafka-rules.ts'

/** To a topic of Kafka. Delivered is what all replicas in sync have; what belongs to one object lies in one partition, in order. */
export class KafkaChannel extends BrokerChannel {
  protected override async open({ url, config, credentials }: Address, leash: Leash): Promise<Link> {
    const wishes = kafkaRules.config.parse(config)
    const secrets = kafkaRules.credentials.parse(credentials)
    const { endpoints } = kafkaRules.url(url, this.settings.allowed)
    // Its client is large, and most who run this send nothing to Kafka.
    const { guardedProducer } = await import('./guarded-producer.ts')
    return new KafkaLink(
      guardedProducer({ endpoints, wishes, secrets, rules: this.rules(wishes.tls), leash }),
      wishes,
    )
  }

  protected override meaningOf(error: unknown): BrokerFailure | undefined {
    return kafkaMeaning(error)
  }
}

class KafkaLink implements Link {
  constructor(
    private readonly producer: GuardedProducer,
    private readonly config: KafkaConfig,
  ) {}

  /** The client opens again by itself what a broker has closed, under the same guard. */
  get isOpen(): boolean {
    return !this.producer.closed
  }

  async publish({ event, body, signature, orderKey }: Parcel): Promise<void> {
    await this.producer.send({
      messages: [
        {
          topic: routed(this.config.topic, event),
          key: orderKey ?? event.subject,
          value: body,
          headers: { 'content-type': CLOUD_EVENT, ...signature },
        },
      ],
    })
  }

  close(): Promise<void> {
    return this.producer.close()
  }
}
