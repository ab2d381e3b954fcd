import { BrokerFailure, causes, networkFailure } from '../broker/broker-failure.ts'

/** The client's errors, by what they say of themselves: it is loaded by whoever has met one. */
interface ClientError {
  code?: unknown
  /** Kafka's own word. */
  apiId?: unknown
  message?: string
}

const PROOF = /AUTHORIZATION_FAILED|^SASL_|SASL_MECHANISM|SASL_STATE|^SECURITY_DISABLED/
const MISSING = /^UNKNOWN_TOPIC|^INVALID_TOPIC_EXCEPTION/
const TOO_LARGE = /_TOO_LARGE$/
const REFUSED = /^(INVALID_RECORD|CORRUPT_MESSAGE|POLICY_VIOLATION|INVALID_TIMESTAMP)$/

/** What the client and the brokers mean. */
export function kafkaMeaning(error: unknown): BrokerFailure | undefined {
  const network = networkFailure(error)
  if (network?.code === 'refused_address') return network
  const found = [...causes(error)] as ClientError[]
  for (const cause of found) {
    const meaning = meaningOf(cause)
    if (meaning) return meaning
  }
  if (network) return network
  if (found.some(({ message = '' }) => message === 'Request timed out')) return new BrokerFailure('timeout')
  return found.some(
    ({ code, message = '' }) => code === 'PLT_KFK_NETWORK' || message.includes('requires TLS'),
  )
    ? new BrokerFailure('unreachable')
    : undefined
}

function meaningOf({ code, apiId, message = '' }: ClientError): BrokerFailure | undefined {
  if (code === 'PLT_KFK_AUTHENTICATION') return new BrokerFailure('unauthorized')
  // The client keeps the word to itself here.
  if (code === 'PLT_KFK_USER' && message.startsWith('Unknown topic ')) {
    return new BrokerFailure('not_found', { linkIsFine: true })
  }
  if (typeof apiId !== 'string') return undefined
  if (PROOF.test(apiId)) return new BrokerFailure('unauthorized', { said: apiId })
  if (MISSING.test(apiId)) return new BrokerFailure('not_found', { said: apiId, linkIsFine: true })
  if (TOO_LARGE.test(apiId)) {
    return new BrokerFailure('rejected', { said: apiId, permanent: true, linkIsFine: true })
  }
  if (REFUSED.test(apiId)) return new BrokerFailure('rejected', { said: apiId, linkIsFine: true })
  return new BrokerFailure(apiId === 'REQUEST_TIMED_OUT' ? 'timeout' : 'broker_error', { said: apiId })
}
