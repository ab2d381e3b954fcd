import { Delivery, type Hmac, verify, type Webhooks } from '@app/connector-kit'
import { hooksNeed, registration } from './hooks.ts'
import { observationsOf } from './map.ts'
import { missed } from './missed.ts'

/** Source: docs.github.com, "Validating webhook deliveries". The SHA-1 header is legacy and not looked at. */
export const scheme: Hmac = {
  scheme: 'hmac',
  algorithm: 'sha256',
  signed: 'raw_body',
  at: { header: 'x-hub-signature-256' },
  encoding: 'hex',
  prefix: 'sha256=',
}

export const webhooks: Webhooks = {
  trust: 'body_signed',
  secretField: 'webhook_secret',
  maxBytes: 25 * 1024 * 1024,
  setup: {
    en: 'GitHub → repository or organisation → Settings → Webhooks → Add webhook. Paste the address as "Payload URL", choose application/json, and enter the same secret as here.',
    ar: 'في GitHub ← المستودع أو المؤسسة ← Settings ← Webhooks ← Add webhook، ألصق العنوان في خانة Payload URL، واختر application/json، وأدخل السر نفسه المدخل هنا.',
  },
  verification: {
    en: 'HMAC-SHA256 with the webhook secret over the raw body, hex behind `sha256=`, in the header `X-Hub-Signature-256`.',
    ar: 'توقيع HMAC-SHA256 بسر الإشعارات على نص الطلب كما ورد، بترميز ست عشري بعد `sha256=` في الترويسة `X-Hub-Signature-256`.',
  },
  verify: (delivery, ctx) => verify(scheme, delivery, ctx.secrets('webhook_secret')),
  dedupeKey: (delivery) => delivery.header('x-github-delivery') ?? null,
  eventType: (delivery) => eventOf(delivery),
  signature: (delivery) => delivery.header('x-hub-signature-256') ?? null,
  keptHeaders: ['x-github-event', 'x-github-delivery'],
  normalise: (delivery) => observationsOf(eventOf(delivery), payloadOf(delivery)),
  needs: hooksNeed,
  missed,
  registration,
}

function eventOf(delivery: Delivery): string | null {
  const event = delivery.header('x-github-event')
  return event !== undefined && /^[a-z_]{1,60}$/.test(event) ? event : null
}

/** The JSON, or the JSON inside the form field `payload` where the hook sends forms. */
function payloadOf(delivery: Delivery): unknown {
  if (!delivery.header('content-type')?.startsWith('application/x-www-form-urlencoded'))
    return delivery.json()
  const inner = Buffer.from(delivery.form().get('payload') ?? '')
  return new Delivery('POST', delivery.url, [], inner, delivery.receivedAt).json()
}
