import type { CallAbout } from './finished-call.ts'

/** One call. Redirects are not followed, and nothing is repeated: that is for the caller to weigh. */
export interface EgressRequest {
  method: string
  url: string | URL
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  /** The call changes nothing at the provider. Told by the method (GET, HEAD, OPTIONS) unless said here. */
  reads?: boolean
  /** The path as logs may show it (`/repos/{owner}/{repo}`); derived by blanking what could be an id otherwise. */
  template?: string
  about?: CallAbout
}

/** What one call may take: milliseconds, and bytes of the answer once it is decompressed. */
export interface CallLimits {
  headersMs: number
  totalMs: number
  answerBytes: number
}

export interface SendOptions {
  /** Ends the call; it fails as `cancelled`. */
  signal?: AbortSignal
  limits?: Partial<CallLimits>
}

/** An answer of any status, whole and decompressed. Header names are lower case. */
export interface EgressReply {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
}

const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

// Whoever could set these would choose another host, or where one request ends and the next begins.
const OURS =
  /^(host|connection|content-length|transfer-encoding|upgrade|expect|te|trailer|keep-alive|accept-encoding|proxy-.*)$/

export function isSendable({ method, headers = {} }: EgressRequest): boolean {
  return METHODS.has(method) && !Object.keys(headers).some((name) => OURS.test(name.toLowerCase()))
}

export function isReading({ method, reads }: EgressRequest): boolean {
  return reads ?? READING.has(method)
}
