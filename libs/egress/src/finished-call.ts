import type { Effect, FailureCode, FailureReason } from './egress-failure.ts'

/** For whom a call was made, as far as the caller says. */
export interface CallAbout {
  provider?: string
  connection?: string
  operation?: string
  projectId?: string
  environment?: string
}

/** What went over the wire. It may hold personal data and secrets of others: who keeps it redacts it first. */
export interface CallDetail {
  /** With its query, without what our own authentication put in. */
  url: string
  requestHeaders: Record<string, string>
  /** The first 9 KiB, of text only. Which calls' bodies are kept, and that they are redacted, is up to who keeps them. */
  requestBody?: string
  responseHeaders?: Record<string, string>
  responseBody?: string
}

/** One finished try of a call. All but `detail` is free of headers, queries, bodies and whatever could hold a secret. */
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
  /** 1 for the first; a call that is repeated is announced each time. */
  attempt: number
  /** Left out where the call is itself about secrets, or never had a URL. */
  detail?: CallDetail
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

  get isHeard(): boolean {
    return this.#listeners.size > 0
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
