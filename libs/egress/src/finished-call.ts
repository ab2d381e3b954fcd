import type { Effect, FailureCode, FailureReason } from './egress-failure.ts'

/** For whom a call was made, as far as the caller says. */
export interface CallAbout {
  provider?: string
  connection?: string
  operation?: string
  projectId?: string
  environment?: string
}

/** One finished call, without a header, a query, a body or anything else that could hold a secret. */
export interface FinishedCall {
  method: string
  /** The provider's host, with its port where it is not the scheme's own; empty where the URL could not be read. */
  host: string
  /** `/v2/charges/{}`: what might be an id or a token is blanked. */
  path: string
  status?: number
  ms: number
  /** Bytes of the answer after decompression. */
  bytes: number
  outcome: 'answered' | FailureCode
  reason?: FailureReason
  effect?: Effect
  about: CallAbout
  /** Which try it was, from 1. */
  attempt?: number
  /** What was said, for whoever keeps a log and redacts it first. The headers that prove who calls are not in it. */
  detail?: {
    url: string
    requestHeaders: Record<string, string>
    requestBody?: string
    responseHeaders?: Record<string, string>
    responseBody?: string
  }
}

export type CallListener = (call: FinishedCall) => void

/** Tells whoever asked about each finished call. */
export class CallAnnouncer {
  readonly #listeners = new Set<CallListener>()

  /** Returns the function that ends it. */
  listen(listener: CallListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(call: FinishedCall): void {
    for (const listener of this.#listeners) {
      try {
        listener(call)
      } catch {
        // A log that fails must not fail the call that it was to tell of.
      }
    }
  }
}
