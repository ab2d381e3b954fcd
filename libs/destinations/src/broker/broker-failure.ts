import { EgressFailure, RefusedAddress } from '@app/egress'
import { redactText } from '@app/secrets'
import type { Outcome } from '../channel/channel.ts'
import { LinkEnded } from './leash.ts'

/** How a try at a broker can end, other than well. */
export type BrokerCode =
  | 'timeout'
  | 'cancelled'
  | 'unreachable'
  | 'refused_address'
  | 'unauthorized'
  | 'not_found'
  | 'rejected'
  | 'broker_error'

interface Circumstances {
  /** The broker's own words. They never become a code. */
  said?: string
  /** No later try would end otherwise. */
  permanent?: boolean
  /** It concerns this message alone: the connection is as good as before. */
  linkIsFine?: boolean
  status?: number
}

/** A message that did not arrive, or a broker that could not be reached. */
export class BrokerFailure extends Error {
  constructor(
    readonly code: BrokerCode,
    readonly circumstances: Circumstances = {},
  ) {
    super(code)
    this.name = 'BrokerFailure'
  }
}

const LONGEST_SAID = 500

/** The failure as an outcome. What the broker repeats of its own credentials is hidden, whatever it looks like. */
export function outcomeOf({ code, circumstances }: BrokerFailure, secrets: readonly string[]): Outcome {
  const { said, permanent, status } = circumstances
  const excerpt = said && redactText(without(secrets, said)).slice(0, LONGEST_SAID).toWellFormed()
  return {
    code,
    delivered: false,
    ...(permanent && { permanent }),
    ...(status !== undefined && { status }),
    ...(excerpt && { excerpt }),
  }
}

/** What the network says, whichever client passes it on and however deeply it wraps it; undefined: it says nothing. */
export function networkFailure(error: unknown): BrokerFailure | undefined {
  const found = [...causes(error)]
  if (found.some(isRefusal)) return new BrokerFailure('refused_address')
  return found.some(isNetworks) ? new BrokerFailure('unreachable') : undefined
}

/** An error and all that it says it came from. */
export function* causes(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > 8) return
  yield error
  const { cause, errors } = error as { cause?: unknown; errors?: unknown }
  yield* causes(cause, depth + 1)
  if (Array.isArray(errors)) for (const inner of errors) yield* causes(inner, depth + 1)
}

const NETWORK =
  /^(E(CONN|HOST|NET|TIMEDOUT|PIPE|NOTFOUND|AI_|ADDR|ACCES|PROTO)|ERR_(TLS|SSL|SOCKET|STREAM)|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE))/

/** Of the socket, or of the address as it is written. */
function isRefusal(error: object): boolean {
  return (
    error instanceof RefusedAddress || (error instanceof EgressFailure && error.code === 'refused_address')
  )
}

function isNetworks(error: { code?: unknown }): boolean {
  return error instanceof LinkEnded || (typeof error.code === 'string' && NETWORK.test(error.code))
}

function without(secrets: readonly string[], text: string): string {
  // A short one is a part of any text.
  return secrets
    .filter((secret) => secret.length >= 4)
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
}
