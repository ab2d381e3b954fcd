import { Injectable } from '@nestjs/common'
import { KeyRing, type Place, Secret } from '@app/secrets'

/** What is sealed: what the user entered, and the values before, which webhooks may still be signed with for a while. */
export interface StoredCredentials {
  current: Record<string, string>
  /** The newest first; each is honoured until its own time, however often was rotated since. */
  previous?: { values: Record<string, string>; until: string }[]
}

interface Owner {
  id: string
  project_id: string
  environment: string
}

/** How long a replaced webhook secret is still honoured. */
const OVERLAP_MS = 24 * 60 * 60 * 1000
/** Each costs a verification of every forged delivery. */
const PREVIOUS_AT_MOST = 5

/** Credentials in and out of their envelope, bound to project, environment and connection. */
@Injectable()
export class CredentialVault {
  constructor(private readonly keyRing: KeyRing) {}

  seal(owner: Owner, current: Record<string, string>, replaced?: StoredCredentials | null): unknown {
    const until = new Date(Date.now() + OVERLAP_MS).toISOString()
    const previous = replaced ? [{ values: replaced.current, until }, ...stillHonoured(replaced)] : []
    const stored: StoredCredentials = {
      current,
      ...(previous.length > 0 && { previous: previous.slice(0, PREVIOUS_AT_MOST) }),
    }
    return this.keyRing.seal(Secret.of(JSON.stringify(stored)), placeOf(owner))
  }

  /** null where the connection has none: imported, or wiped. */
  open(owner: Owner & { credentials: unknown }): StoredCredentials | null {
    if (owner.credentials === null) return null
    return JSON.parse(this.keyRing.open(owner.credentials, placeOf(owner)).reveal()) as StoredCredentials
  }
}

/** The replaced ones whose time is not over yet. */
export function stillHonoured({
  previous = [],
}: StoredCredentials): NonNullable<StoredCredentials['previous']> {
  return previous.filter(({ until }) => Date.parse(until) > Date.now())
}

export function placeOf({ id, project_id, environment }: Owner): Place {
  return { table: 'integration_connections', column: 'credentials', owner: [project_id, environment, id] }
}
