import {
  type Delivery,
  exponentOf,
  decimalOf,
  type Hmac,
  memberOf,
  minorUnitsOf,
  overFields,
  textOf,
  verify,
  type VerifyCtx,
  type Webhooks,
} from '@app/connector-kit'
import { catalogueTypeOf, dedupeKeyOf, eventTypeOf, resourceOf } from './map.ts'
import { missed } from './missed.ts'

/** Amounts are signed with the currency's ISO decimals, whatever the JSON shows (`12.5` KWD is signed as `12.500`). */
function signedAmount(value: unknown, body: unknown): string | undefined {
  const currency = memberOf(body, 'currency')
  if ((typeof value !== 'number' && typeof value !== 'string') || typeof currency !== 'string')
    return undefined
  if (exponentOf(currency) === undefined) return undefined
  try {
    return decimalOf(minorUnitsOf(value, currency))
  } catch {
    return undefined
  }
}

// Source: developers.tap.company, webhook page (see README.md). Charge, authorize and refund share one list; an
// invoice has its own. `created` lies under `transaction`, but for refunds and invoices at the top.
const resourceFields = (created: readonly string[]): Hmac =>
  hashstring(
    overFields([
      { label: 'x_id', path: ['id'] },
      { label: 'x_amount', path: ['amount'], write: signedAmount },
      { label: 'x_currency', path: ['currency'] },
      { label: 'x_gateway_reference', path: ['reference', 'gateway'], optional: true },
      { label: 'x_payment_reference', path: ['reference', 'payment'], optional: true },
      { label: 'x_status', path: ['status'] },
      { label: 'x_created', path: created },
    ]),
  )
const invoiceFields = hashstring(
  overFields([
    { label: 'x_id', path: ['id'] },
    { label: 'x_amount', path: ['amount'], write: signedAmount },
    { label: 'x_currency', path: ['currency'] },
    { label: 'x_updated', path: ['updated'] },
    { label: 'x_status', path: ['status'] },
    { label: 'x_created', path: ['created'] },
  ]),
)
const paymentFields = resourceFields(['transaction', 'created'])
const refundFields = resourceFields(['created'])

function hashstring(signed: Hmac['signed']): Hmac {
  return { scheme: 'hmac', algorithm: 'sha256', signed, at: { header: 'hashstring' }, encoding: 'hex' }
}

/** Which list of fields a delivery signs, by the prefix of its id, which is itself signed. */
export function schemeOf(delivery: Delivery): Hmac {
  const id = textOf(memberOf(delivery.json(), 'id')) ?? ''
  if (id.startsWith('re_')) return refundFields
  return id.startsWith('inv_') ? invoiceFields : paymentFields
}

export const webhooks: Webhooks = {
  trust: 'fields_signed',
  secretField: 'secret_key',
  setup: {
    en: 'Nothing to paste: the address travels with each charge, authorisation and refund as `post.url`. Calls made outside Wasl must carry it themselves.',
    ar: 'لا حاجة إلى لصق شيء: يُرسل العنوان مع كل عملية دفع أو تفويض أو استرداد في الحقل `post.url`. أما العمليات التي تُنشأ خارج «وصل» فعليها أن تحمله بنفسها.',
  },
  verification: {
    en: 'HMAC-SHA256 with the secret key over seven fields (id, amount, currency, two references, status, created), hex, in the header `hashstring`. Only these fields are trusted.',
    ar: 'توقيع HMAC-SHA256 بالمفتاح السري على سبعة حقول (المعرّف والمبلغ والعملة ومرجعان والحالة ووقت الإنشاء) بترميز ست عشري في الترويسة `hashstring`. ولا يوثق إلا بهذه الحقول.',
  },
  verify: (delivery: Delivery, ctx: VerifyCtx) =>
    verify(schemeOf(delivery), delivery, ctx.secrets('secret_key')),
  dedupeKey(delivery: Delivery) {
    const body = delivery.json()
    const [id, status] = [textOf(memberOf(body, 'id')), textOf(memberOf(body, 'status'))]
    return id && status ? dedupeKeyOf(id, status) : null
  },
  eventType: (delivery: Delivery) => eventTypeOf(delivery),
  signature: (delivery: Delivery) => delivery.header('hashstring') ?? null,
  normalise(delivery: Delivery) {
    const body = delivery.json()
    const [id, native, currency] = ['id', 'status', 'currency'].map((name) => textOf(memberOf(body, name)))
    if (!id || !native || !currency) return []
    const { resource, createdAt } = resourceOf(id)
    const type = catalogueTypeOf(resource, native)
    const amount = signedAmount(memberOf(body, 'amount'), body)
    const created = new Date(Number(memberOf(body, ...createdAt)))
    return [
      {
        resource,
        ref: id,
        native,
        ...(type && { type }),
        ...(created.getTime() > 0 && { occurredAt: created }),
        facts: {
          currency,
          amount: amount === undefined ? null : Number(minorUnitsOf(amount, currency).amount),
          gateway_reference: textOf(memberOf(body, 'reference', 'gateway')) ?? null,
          payment_reference: textOf(memberOf(body, 'reference', 'payment')) ?? null,
        },
      },
    ]
  },
  missed,
  registration: 'per_call',
}
