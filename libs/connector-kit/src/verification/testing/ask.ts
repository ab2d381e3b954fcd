import { Secret } from '@app/secrets'
import { Delivery } from '../../delivery.ts'
import { type Scheme, verify } from '../schemes.ts'
import type { Refusal, Verdict } from '../verdict.ts'

/** The time of most vectors: 1768035600. */
export const AT = new Date('2026-01-10T09:00:00Z')
export const NOW_S = AT.getTime() / 1_000

/** A delivery that came at {@link AT}, unless it is said otherwise. */
export function delivery({
  headers = {},
  lines = Object.entries(headers).flat(),
  body = '',
  url = 'https://wasl.example/webhooks/x/k',
  method = 'POST',
  at = AT,
}: {
  headers?: Record<string, string>
  lines?: string[]
  body?: string | Uint8Array
  url?: string
  method?: string
  at?: Date
}): Delivery {
  return new Delivery(method, url, lines, Buffer.from(body as string), at)
}

export function ask(scheme: Scheme, given: Delivery, ...secrets: string[]): Promise<Verdict> {
  return verify(
    scheme,
    given,
    secrets.map((text) => Secret.of(text)),
  )
}

export const yes = { ok: true }
export const no = (reason: Refusal): Verdict => ({ ok: false, reason })
