import type { Cidr } from '@app/config'
import { z } from 'zod'
import { ownCertificate, trust } from '../broker/certificates.ts'
import { secretText, together } from '../broker/credentials.ts'
import { brokerUrl, type BrokerUrl } from '../broker/endpoints.ts'
import { isRouted } from '../broker/routing.ts'

/** What Kafka takes for a name; `.` and `..` it does not. */
const TOPIC = /^(?!\.{1,2}$)[\w.-]{1,249}$/

const config = z.strictObject({
  topic: z
    .string()
    .max(249)
    .refine((topic) => isRouted(topic, TOPIC), {
      params: {
        code: 'invalid_topic',
        message: {
          en: 'Give a topic of letters, digits, `.`, `_` and `-`, such as `events.{type}`.',
          ar: 'أدخل اسم موضوع (topic) من أحرف إنجليزية وأرقام والرموز `.` و`_` و`-`، مثل `events.{type}`.',
        },
      },
    }),
  /** Without it the brokers must be in ranges that the operator allowed. */
  tls: z.boolean().default(true),
  /** How `username` and `password` are proved. */
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('scram-sha-512'),
  ...trust,
})

const credentials = z
  .strictObject({ username: secretText.optional(), password: secretText.optional(), ...ownCertificate })
  .superRefine(together('username', 'password'))
  .superRefine(together('client_certificate', 'client_key'))

export type KafkaConfig = z.infer<typeof config>
export type KafkaCredentials = z.infer<typeof credentials>

const FORM = { schemes: ['kafka'], port: 9092, most: 20 }

/** What a destination of the kind `kafka` takes. */
export const kafkaRules = {
  config,
  credentials,
  /**
   * `kafka://one.example:9092,two.example`: where to begin. Whether TLS is spoken stands in `config`, so an address that is fine
   * with or without it passes here; it is judged again when it is opened.
   */
  url: (text: string, allowed: readonly Cidr[]): BrokerUrl =>
    brokerUrl(text, { ...FORM, secure: ['kafka'] }, allowed),
}
