import type { Readable } from 'node:stream'
import type { Authentication } from './auth/authentication.ts'
import type { CallAbout } from './finished-call.ts'

export type HeadersOf = Readonly<Record<string, string | string[] | undefined>>

/** One call. */
export interface EgressRequest {
  method: string
  url: string | URL
  headers?: Readonly<Record<string, string>>
  /** A stream is sent as it comes, and once: such a call is never repeated. */
  body?: string | Buffer | Readable
  /** How long the stream is, where that is known; left out: it is sent in chunks. */
  bodyBytes?: number
  /** The call changes nothing at the provider. Told by the method (GET, HEAD, OPTIONS) unless said here. */
  reads?: boolean
  /** The provider knows the call by a stable key in it, and does the same thing once however often it is asked. */
  keyed?: boolean
  /** Who we are: asked for each try, and told to nobody else. */
  auth?: Authentication
  /** Its bodies are secrets: nobody who listens is shown them. */
  confidential?: boolean
  /** The path as logs may show it (`/repos/{owner}/{repo}`); derived by blanking what could be an id otherwise. */
  template?: string
  about?: CallAbout
}

/** What one call may take, its repetitions included: milliseconds, and bytes of the answer once it is decompressed. */
export interface CallLimits {
  headersMs: number
  totalMs: number
  answerBytes: number
}

export interface SendOptions {
  /** Ends the call; it fails as `cancelled`. */
  signal?: AbortSignal
  limits?: Partial<CallLimits>
  /** Try again what is safe to repeat (`repeat/retry-policy.ts`); left out: one try. */
  repeat?: boolean
  /** Asks whether the provider is well: once, and also while the breaker holds its calls back. */
  probe?: boolean
  /** How many redirects a GET or HEAD may follow, 3 at most; left out: a redirect is an answer like others. */
  redirects?: number
}

/** An answer of any status, whole and decompressed. Header names are lower case. */
export interface EgressReply {
  status: number
  headers: HeadersOf
  body: Buffer
}

/**
 * An answer that passes through, decompressed: whole where it is small, else a stream that keeps the limits and ends in an
 * error where the answer breaks off. It must be read to its end or destroyed.
 */
export interface EgressStream {
  status: number
  headers: HeadersOf
  body: Buffer | Readable
}

const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

// Whoever could set these would choose another host, or where one request ends and the next begins.
const OURS =
  /^(host|connection|content-length|transfer-encoding|upgrade|expect|te|trailer|keep-alive|accept-encoding|proxy-.*)$/

export function isSendable({ method, headers = {} }: EgressRequest): boolean {
  return METHODS.has(method) && !Object.keys(headers).some((name) => OURS.test(name.toLowerCase()))
}

export function isReading({ method, reads }: Pick<EgressRequest, 'method' | 'reads'>): boolean {
  return reads ?? READING.has(method)
}

/** Can the very same bytes be sent again? */
export function isHeld({ body }: EgressRequest): boolean {
  return body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
}
