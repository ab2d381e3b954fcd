import { BrokerFailure, causes, networkFailure } from '../broker/broker-failure.ts'

/** The broker gave the message back: no queue is bound to where it went. */
export class Unroutable extends Error {}

/** AMQP's reply codes. */
const ACCESS_REFUSED = 403
const NOT_FOUND = 404
const PRECONDITION_FAILED = 406
const NOT_ALLOWED = 530

/** What the client and the broker mean. The client knows some of it by its words alone. */
export function rabbitMqMeaning(error: unknown): BrokerFailure | undefined {
  if (error instanceof Unroutable) {
    return new BrokerFailure('not_found', { said: 'NO_ROUTE', linkIsFine: true })
  }
  if (!(error instanceof Error)) return undefined
  const { message: said } = error
  const network = networkFailure(error)
  if (network) return network
  switch (replyCode(error)) {
    case ACCESS_REFUSED:
      return new BrokerFailure('unauthorized', { said })
    case NOT_FOUND:
    case NOT_ALLOWED:
      return new BrokerFailure('not_found', { said })
    case PRECONDITION_FAILED:
      return new BrokerFailure('rejected', { said })
    case undefined:
      return byWords(said)
    default:
      return new BrokerFailure('broker_error', { said })
  }
}

function byWords(said: string): BrokerFailure | undefined {
  if (said === 'message nacked') return new BrokerFailure('rejected', { linkIsFine: true })
  // The last step of the handshake is the virtual host's.
  if (/^Expected ConnectionOpenOk; got <ConnectionClose/.test(said)) return new BrokerFailure('not_found')
  if (/^SASL mechanism/.test(said)) return new BrokerFailure('unauthorized')
  return /Socket closed abruptly|Unexpected close|ETIMEDOUT|Heartbeat timeout|Channel (closed|closing|ended)|Connection clos/i.test(
    said,
  )
    ? new BrokerFailure('unreachable')
    : undefined
}

function replyCode(error: Error): number | undefined {
  for (const { code } of causes(error) as Iterable<{ code?: unknown }>) {
    if (typeof code === 'number') return code
  }
  // During the handshake the number stands in the text alone: "… 403 (ACCESS-REFUSED) with message …".
  const [, number] = /terminated by server: (\d{3}) /.exec(error.message) ?? []
  return number === undefined ? undefined : Number(number)
}
