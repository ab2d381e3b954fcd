import type { Money } from './money.ts'

/** The words of one attempt (unified-models.md 2.4). What was captured or refunded is told by amounts, not by words. */
export type AttemptStatus =
  'created' | 'requires_action' | 'processing' | 'authorized' | 'captured' | 'voided' | 'failed' | 'expired'

/** Why a payment failed (unified-models.md 2.6). */
export type DeclineReason =
  | 'insufficient_funds'
  | 'do_not_honor'
  | 'expired_card'
  | 'incorrect_cvc'
  | 'limit_exceeded'
  | 'suspected_fraud'
  | 'lost_or_stolen'
  | 'authentication_failed'
  | 'cancelled_by_customer'
  | 'method_not_allowed'
  | 'issuer_unavailable'
  | 'amount_too_low'
  | 'amount_too_high'
  | 'customer'
  | 'unknown'

/** What the shopper has to do next. */
export type NextAction =
  /** Send the browser there; `fields`: as a form. */
  | { type: 'redirect'; url: string; method: 'GET' | 'POST'; fields?: Readonly<Record<string, string>> }
  | { type: 'otp'; length?: number; sent_to?: string }
  /** A number to pay with at a kiosk or in a bank's app. */
  | { type: 'reference'; kind: string; code: string; expires_at?: string; qr?: string }
  | { type: 'client'; provider: string; payload: Readonly<Record<string, unknown>> }
  | { type: 'wait'; poll_after_s: number }

/** How it was paid. `code` is a method of unified-models.md 2.7. */
export type MethodFacts = {
  code: string
  brand?: string
  last4?: string
  /** `YYYY-MM`. */
  exp?: string
  wallet?: string
  issuer_country?: string
}

/** What a provider says of one refund. */
export type RefundFacts = {
  /** The provider's id of it. */
  ref: string
  /** The provider's id of the payment (or of the capture) that it gives back, where it says so. */
  payment_ref?: string
  native: string
  /** Left out: a word that we do not know; nothing changes. */
  status?: 'pending' | 'succeeded' | 'failed' | 'reversed'
  currency?: string
  /** ISO 4217 minor units. */
  amount?: bigint
  /** Our key of it, where the provider holds one. */
  key?: string
  error?: { reason?: string; native_code?: string }
  occurredAt?: Date
}

/**
 * What a provider says of one payment: totals so far, in ISO 4217 minor units of `currency`. A member that is left out was
 * not said, and changes nothing; so facts that come late, twice or out of order do no harm.
 */
export type PaymentFacts = {
  /** The provider's id, by which later calls name it. */
  ref: string
  /** Other ids of the provider that speak of the same payment (a capture's charge, an order, a transaction). */
  refs?: readonly string[]
  /** What later calls need beside `ref`, by the connector's own names; kept with the attempt, never shown. */
  handles?: Readonly<Record<string, string>>
  /** The provider's word, as it came. */
  native: string
  /** Left out: a word that we do not know; nothing changes, and it is asked about again. */
  status?: AttemptStatus
  currency?: string
  /** What was asked for, as the provider holds it. Another one than ours is an anomaly. */
  amount?: bigint
  authorized?: bigint
  captured?: bigint
  voided?: bigint
  refunded?: bigint
  /** Our id of the attempt ({@link PaymentOrder.attempt}), where the provider holds it. */
  attempt?: string
  method?: MethodFacts
  next?: NextAction
  error?: { code: 'declined' | 'not_eligible'; reason: DeclineReason; native_code?: string }
  refunds?: readonly RefundFacts[]
  installments?: { count: number }
  /** In which of the provider's two worlds it happened. */
  live?: boolean
  disputed?: boolean
  expiresAt?: Date
  occurredAt?: Date
  /** The provider waits for a word of ours before it goes on: call `payment.acknowledge` (Tamara). */
  acknowledge?: true
}

/** unified-models.md 4.2, as far as payments need it. */
export type Address = {
  name?: string
  company?: string
  phone?: string
  email?: string
  country: string
  region?: string
  city?: string
  district?: string
  postal_code?: string
  lines: readonly string[]
}

export type Customer = {
  id?: string
  name?: string
  email?: string
  /** E.164. */
  phone?: string
  locale?: string
  national_id?: string
  registered_at?: string
}

/** One line of the order; amounts in minor units of the payment's currency. */
export type OrderLine = {
  sku?: string
  name: string
  quantity: number
  unit_amount: bigint
  tax_amount?: bigint
  discount_amount?: bigint
  total_amount: bigint
  category?: string
  type: 'physical' | 'digital' | 'service' | 'shipping' | 'fee'
  image_url?: string
  product_url?: string
  brand?: string
}

/** What `payment.create` is asked. Checked by shared code before: shapes, sums, what the row `requires`. */
export type PaymentOrder = {
  /** Our id of this attempt (UUID): unique, stable over retries and restarts. The way to look the payment up again. */
  attempt: string
  payment: string
  /** The merchant's own order id; not unique. */
  reference: string
  money: Money
  capture: 'automatic' | 'manual'
  /** Allowed, in order of preference; empty: whatever the provider's page offers. */
  methods: readonly string[]
  source: { type: 'hosted' | 'token' | 'saved' | 'wallet' | 'phone'; value?: string }
  country?: string
  customer: Customer
  billing_address?: Address
  shipping?: { address?: Address; method?: string; amount?: bigint; recipient?: string }
  lines: readonly OrderLine[]
  totals?: { subtotal?: bigint; tax?: bigint; shipping?: bigint; discount?: bigint }
  history?: {
    orders_count?: number
    loyalty_level?: number
    orders?: readonly { amount: bigint; method?: string; status?: string; placed_at: string }[]
  }
  /** Where the provider sends the browser: ours, with the payment's id in it. */
  return_url: string
  expires_at?: Date
  save?: { for: 'on_session' | 'off_session' }
  description?: string
  locale: 'ar' | 'en'
  /** Of this provider only, checked by its own schema. */
  options: Readonly<Record<string, unknown>>
}

/** Which payment a later call is about. */
export type PaymentHandle = {
  ref: string
  handles: Readonly<Record<string, string>>
  attempt: string
  reference: string
  currency: string
  amount: bigint
  authorized: bigint
  captured: bigint
  refunded: bigint
}

export type CaptureOrder = PaymentHandle & {
  /** How much of it now. */
  money: Money
  /** Nothing more will be captured: the rest is released. */
  final: boolean
  lines: readonly OrderLine[]
  shipping?: { company?: string; tracking_number?: string; tracking_url?: string; shipped_at?: string }
}

export type RefundOrder = PaymentHandle & {
  money: Money
  /** Our id of the refund (UUID). */
  refund: string
  reason?: string
  lines: readonly OrderLine[]
}

/** What `payment.eligibility` answers for a product of a lender. */
export type Eligibility = {
  method: string
  eligible: 'yes' | 'no' | 'unknown'
  reason?: DeclineReason
  min?: bigint
  max?: bigint
  installments?: readonly number[]
  valid_until?: Date
}

/** A method that the account offers, as the provider lists it. */
export type OfferedMethod = { code: string; currency?: string; min?: bigint; max?: bigint; native: string }

/**
 * The payment operations: what each is asked and what it answers. Every one answers facts; ids, states, storage, retries
 * and events belong to the platform. `payment.find` looks an attempt up by our own id: null where the provider surely
 * does not have it.
 */
export interface PaymentOperations {
  'payment.create': { in: PaymentOrder; out: PaymentFacts }
  'payment.retrieve': { in: Pick<PaymentHandle, 'ref'> & Partial<PaymentHandle>; out: PaymentFacts }
  'payment.find': {
    in: { attempt: string; reference: string; created_at: Date; money: Money }
    out: PaymentFacts | null
  }
  'payment.capture': { in: CaptureOrder; out: PaymentFacts }
  'payment.void': { in: PaymentHandle; out: PaymentFacts }
  'payment.refund': { in: RefundOrder; out: RefundFacts }
  'refund.retrieve': { in: { ref: string } & Partial<PaymentHandle>; out: RefundFacts }
  'payment.acknowledge': { in: PaymentHandle; out: PaymentFacts }
  'payment.eligibility': { in: PaymentOrder; out: readonly Eligibility[] }
  'payment.methods': { in: { country?: string; money?: Money }; out: readonly OfferedMethod[] }
  'payment.submit': { in: PaymentHandle & { otp?: string; token?: string }; out: PaymentFacts }
}
