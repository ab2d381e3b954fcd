import { Agent, type Dispatcher } from 'undici'
import { type ConnectorOptions, guardedConnector } from './connector.ts'
import type { Progress } from './failure-of.ts'

// Enough for every connection of a busy provider; beyond it calls wait, and their time runs.
const SOCKETS_PER_ORIGIN = 64

const AGENT = { connections: SOCKETS_PER_ORIGIN, keepAliveTimeout: 4_000, allowH2: false }

/** The way out: every socket passes the guard. */
export function guardedDispatcher(options: ConnectorOptions): Dispatcher {
  return noticing(new Agent({ ...AGENT, connect: guardedConnector(options) }))
}

/** The way to what this platform plays itself; only {@link EgressRoutes} gives it an origin. */
export function localDispatcher(connectMs: number): Dispatcher {
  return noticing(new Agent({ ...AGENT, connect: { timeout: connectMs } }))
}

/** Marks the moment from which a request may have reached the other side; the library itself does not tell. */
function noticing(agent: Agent): Dispatcher {
  return agent.compose((dispatch) => (options, handler) => {
    const { opaque: progress } = options as Dispatcher.RequestOptions<Progress | null>
    const start = handler.onRequestStart?.bind(handler)
    // The handler is this one request's own, and is called with a socket in hand, before the first byte.
    handler.onRequestStart = (controller, context: unknown) => {
      if (progress) progress.sent = true
      start?.(controller, context)
    }
    return dispatch(options, handler)
  })
}
