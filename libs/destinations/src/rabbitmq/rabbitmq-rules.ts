import type { Cidr } from '@app/config'
import { z } from 'zod'
import { ownCertificate, trust } from '../broker/certificates.ts'
import { secretText, together } from '../broker/credentials.ts'
import { brokerUrl, type BrokerUrl } from '../broker/endpoints.ts'

/** AMQP's short strings hold 255 bytes. A type is shorter than 60. */
const NAME = /^[^\0-\x1f\x7f]{0,190}$/

const config = z.strictObject({
  /** Empty: the default exchange, where the routing key names a queue. */
  exchange: z.string().regex(NAME).default(''),
  routing_key: z.string().regex(NAME),
  ...trust,
})

const credentials = z
  .strictObject({ username: secretText.optional(), password: secretText.optional(), ...ownCertificate })
  .superRefine(together('username', 'password'))
  .superRefine(together('client_certificate', 'client_key'))

export type RabbitMqConfig = z.infer<typeof config>
export type RabbitMqCredentials = z.infer<typeof credentials>

const FORM = {
  schemes: ['amqps', 'amqp'],
  secure: ['amqps'],
  most: 1,
  path: /^(\/([\w.~-]|%[\da-fA-F]{2}){0,200})?$/,
}

/** What a destination of the kind `rabbitmq` takes. */
export const rabbitMqRules = {
  config,
  credentials,
  /** `amqps://host:5671/vhost`; `amqp://host:5672/vhost` speaks no TLS, to ranges that the operator allowed. */
  url: (text: string, allowed: readonly Cidr[]): BrokerUrl =>
    brokerUrl(text, { ...FORM, port: text.startsWith('amqps:') ? 5671 : 5672 }, allowed),
}
