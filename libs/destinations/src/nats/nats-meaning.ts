import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import {
  AuthorizationError,
  ClosedConnectionError,
  ConnectionError,
  InvalidArgumentError,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node'
import { BrokerFailure, causes, networkFailure } from '../broker/broker-failure.ts'

/** Numbers of JetStream's that its client has no names for: another stream than the one that should; too large for it. */
const OTHER_STREAM = 10060
const TOO_LARGE = 10054
const NOT_THERE: readonly number[] = [
  OTHER_STREAM,
  JetStreamApiCodes.StreamNotFound,
  JetStreamApiCodes.JetStreamNotEnabledForAccount,
]

/** What the client and the server mean. */
export function natsMeaning(error: unknown): BrokerFailure | undefined {
  for (const cause of causes(error)) {
    const meaning = meaningOf(cause)
    if (meaning) return meaning
  }
  return networkFailure(error) ?? (isGone(error) ? new BrokerFailure('unreachable') : undefined)
}

function meaningOf(error: object): BrokerFailure | undefined {
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError) {
    return new BrokerFailure('unauthorized', { said: error.message })
  }
  if (error instanceof PermissionViolationError) {
    return new BrokerFailure('unauthorized', { said: error.message, linkIsFine: true })
  }
  // Nobody listens on the subject: no stream takes it, or there is no JetStream.
  if (error instanceof NoRespondersError) {
    return new BrokerFailure('not_found', { said: error.message, linkIsFine: true })
  }
  if (error instanceof JetStreamApiError) return refusal(error)
  // The client knows how much the server takes at once.
  if (error instanceof InvalidArgumentError && error.message.includes('max_payload')) {
    return new BrokerFailure('rejected', { said: error.message, permanent: true, linkIsFine: true })
  }
  return error instanceof TimeoutError ? new BrokerFailure('timeout') : undefined
}

function refusal({ code, status, message: said }: JetStreamApiError): BrokerFailure {
  if (NOT_THERE.includes(code)) return new BrokerFailure('not_found', { said, linkIsFine: true })
  if (status >= 500) return new BrokerFailure('broker_error', { said, linkIsFine: true })
  return new BrokerFailure('rejected', { said, linkIsFine: true, permanent: code === TOO_LARGE })
}

function isGone(error: unknown): boolean {
  return (
    error instanceof ConnectionError ||
    error instanceof ClosedConnectionError ||
    error instanceof RequestError
  )
}
