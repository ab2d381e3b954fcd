import { errors } from 'undici'
import { RefusedAddress } from './guarded-lookup.ts'
import { EgressFailure, type Effect, type FailureReason } from './egress-failure.ts'

/** How far a call had come when it failed. */
export interface Progress {
  /** The first byte may have left: from here on only the provider knows what happened. */
  sent: boolean
  /** The call changes nothing at the provider, so that nothing can be in doubt. */
  reads: boolean
  status?: number
}

/** Turns what the network library throws into a failure that says what is known, and nothing of where or what. */
export function failureOf(error: unknown, progress: Progress): EgressFailure {
  if (error instanceof EgressFailure) return error
  const detail = systemWord(error)
  const reason = error instanceof RefusedAddress ? 'address' : reasonOf(detail, progress.sent)
  return new EgressFailure(reason, {
    effect: effectOf(progress),
    ...(progress.status === undefined ? {} : { status: progress.status }),
    ...(detail === undefined ? {} : { detail }),
  })
}

export function effectOf({ sent, reads }: Progress): Effect {
  return sent && !reads ? 'unknown' : 'none'
}

const REASONS: readonly (readonly [RegExp, FailureReason])[] = [
  [/^UND_ERR_CONNECT_TIMEOUT$/, 'connect_timeout'],
  [/^UND_ERR_HEADERS_TIMEOUT$/, 'headers_timeout'],
  [/^UND_ERR_BODY_TIMEOUT$/, 'total_timeout'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'too_large'],
  [
    /^(UND_ERR_INVALID_ARG|UND_ERR_NOT_SUPPORTED|UND_ERR_REQ_CONTENT_LENGTH_MISMATCH|ERR_INVALID_)/,
    'request',
  ],
  [/^(HPE_|Z_|ERR__|ERR_BROTLI|ERR_PADDING|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)/, 'malformed'],
]
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_|EPROTO)/
const DNS = /^(ENOTFOUND|EAI_|ENODATA)/

function reasonOf(word: string | undefined, sent: boolean): FailureReason {
  const known = REASONS.find(([pattern]) => word !== undefined && pattern.test(word))
  if (known) return known[1]
  if (sent) return 'reset'
  if (word !== undefined && TLS.test(word)) return 'tls'
  return word !== undefined && DNS.test(word) ? 'dns' : 'connect'
}

function systemWord(error: unknown): string | undefined {
  // The one failure of the library that comes without a code.
  if (error instanceof errors.HTTPParserError) return 'HPE_INVALID'
  const word = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof word === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(word) ? word : undefined
}
