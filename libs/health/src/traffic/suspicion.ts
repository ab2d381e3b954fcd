import type { FinishedCall } from '@app/egress'
import { LRUCache } from 'lru-cache'
import { CallWindow } from './call-window.ts'

const CONNECTIONS = 10_000
const ASK_AGAIN_MS = 60_000

interface Watched {
  window: CallWindow
  /** What was last thought of it. */
  bad: boolean
  askedAt: number
}

/**
 * What live traffic makes one think of connections; counts in memory, of the most recently used ones. It judges nobody:
 * it says when a connection should be asked.
 */
export class Suspicion {
  readonly #watched = new LRUCache<string, Watched>({ max: CONNECTIONS })

  constructor(private readonly now: () => number = Date.now) {}

  /** Whether this call is a reason to ask its connection now; at most once a minute for each. */
  isRaisedBy(call: FinishedCall): boolean {
    const { connection, operation } = call.about
    // Our own questions are no traffic.
    if (connection === undefined || operation === 'health') return false
    const kind = kindOf(call)
    if (kind === 'nothing') return false
    const now = this.now()
    const watched = this.#of(connection)
    if (kind !== 'refused') watched.window.note(kind === 'failure', now)
    const bad = watched.window.looksBad(now)
    // Bad, or well again after having been bad: both are for the provider to say.
    if (kind !== 'refused' && bad === watched.bad) return false
    if (now - watched.askedAt < ASK_AGAIN_MS) return false
    watched.bad = bad
    watched.askedAt = now
    return true
  }

  #of(connection: string): Watched {
    const known = this.#watched.get(connection)
    if (known) return known
    const watched = { window: new CallWindow(), bad: false, askedAt: -Infinity }
    this.#watched.set(connection, watched)
    return watched
  }
}

type Kind = 'success' | 'failure' | 'refused' | 'nothing'

/** Declines, invalid input and 429 are answers of a provider that is well. */
function kindOf({ outcome, reason, status }: FinishedCall): Kind {
  if (outcome === 'answered') {
    // Whether the credentials are at fault only the check can tell, but it shall tell soon.
    if (status === 401) return 'refused'
    return status !== undefined && status >= 500 ? 'failure' : 'success'
  }
  // Somebody here gave up, or was not allowed to call: nothing is known about the other side.
  const theirs = ['provider_unavailable', 'provider_timeout', 'provider_error'].includes(outcome)
  return theirs && reason !== 'cancelled' ? 'failure' : 'nothing'
}
