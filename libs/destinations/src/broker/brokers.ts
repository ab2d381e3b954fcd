import type { Egress } from '@app/egress'
import type { Channel } from '../channel/channel.ts'
import { KafkaChannel } from '../kafka/kafka-channel.ts'
import { kafkaRules } from '../kafka/kafka-rules.ts'
import { NatsChannel } from '../nats/nats-channel.ts'
import { natsRules } from '../nats/nats-rules.ts'
import { RabbitMqChannel } from '../rabbitmq/rabbitmq-channel.ts'
import { rabbitMqRules } from '../rabbitmq/rabbitmq-rules.ts'
import { SqsChannel } from '../sqs/sqs-channel.ts'
import { sqsRules } from '../sqs/sqs-rules.ts'
import type { BrokerSettings } from './broker-channel.ts'

/** What a destination of each kind of broker takes. */
export const brokerRules = { nats: natsRules, kafka: kafkaRules, rabbitmq: rabbitMqRules, sqs: sqsRules }

/** The same kinds, ready to send. */
export function brokerChannels(
  settings: BrokerSettings,
  egress: Egress,
): Record<keyof typeof brokerRules, Channel> {
  return {
    nats: new NatsChannel(settings),
    kafka: new KafkaChannel(settings),
    rabbitmq: new RabbitMqChannel(settings),
    sqs: new SqsChannel(settings, egress),
  }
}
