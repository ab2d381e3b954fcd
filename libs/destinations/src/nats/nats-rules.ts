import type { Cidr } from '@app/config'
import { type Authenticator, credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node'
import { z } from 'zod'
import { ownCertificate, trust } from '../broker/certificates.ts'
import { secretText, together } from '../broker/credentials.ts'
import { brokerUrl, type BrokerUrl } from '../broker/endpoints.ts'
import { isRouted } from '../broker/routing.ts'

/** Tokens between dots; no wildcards, and nothing under `$`, which is the server's own. */
const SUBJECT = /^(?!\$)[^\s.*>\0]+(\.[^\s.*>\0]+)*$/
const STREAM = /^[^\s.*>/\\\0]{1,255}$/

const config = z.strictObject({
  subject: z
    .string()
    .max(255)
    .refine((subject) => isRouted(subject, SUBJECT), {
      params: {
        code: 'invalid_subject',
        message: {
          en: 'Give a subject without blanks and wildcards, such as `payments.{type}`.',
          ar: 'أدخل موضوعًا (subject) دون مسافات أو رموز بدل، مثل `payments.{type}`.',
        },
      },
    }),
  /** The stream that must take it; another one is a failure. */
  stream: z.string().regex(STREAM).optional(),
  ...trust,
})

const credentials = z
  .strictObject({
    username: secretText.optional(),
    password: secretText.optional(),
    token: secretText.optional(),
    /** A `.creds` file, whole: the user's JWT and its seed. */
    creds: z
      .string()
      .max(16_384)
      .refine((creds) => signs(credsAuthenticator(bytesOf(creds))))
      .optional(),
    nkey_seed: z
      .string()
      .max(100)
      .refine((seed) => signs(nkeyAuthenticator(bytesOf(seed))))
      .optional(),
    ...ownCertificate,
  })
  .superRefine(together('username', 'password'))
  .superRefine(together('client_certificate', 'client_key'))
  .refine(
    ({ username, token, creds, nkey_seed: seed }) =>
      [username, token, creds, seed].filter((way) => way !== undefined).length <= 1,
    {
      params: {
        code: 'too_many_credentials',
        message: {
          en: 'Give one way to sign in: username and password, token, creds or nkey_seed.',
          ar: 'أدخل طريقة واحدة لتسجيل الدخول: username مع password، أو token، أو creds، أو nkey_seed.',
        },
      },
    },
  )

/** Has it all that a server's challenge is answered with? */
function signs(authenticator: Authenticator): boolean {
  try {
    authenticator('challenge')
    return true
  } catch {
    return false
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export type NatsConfig = z.infer<typeof config>
export type NatsCredentials = z.infer<typeof credentials>

/** What a destination of the kind `nats` takes. */
export const natsRules = {
  config,
  credentials,
  /** `tls://host:4222`; `nats://host:4222` speaks no TLS, to ranges that the operator allowed. */
  url: (text: string, allowed: readonly Cidr[]): BrokerUrl =>
    brokerUrl(text, { schemes: ['tls', 'nats'], secure: ['tls'], port: 4222, most: 1 }, allowed),
}
