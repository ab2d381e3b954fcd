import { Injectable } from '@nestjs/common'
import { drawn, KeyRing, type Place, Secret } from '@app/secrets'

/** What is sealed of a destination. */
export interface StoredSecrets {
  /** `whsec_…`: what events are signed with. */
  signing: string
  /** The newest first; each signs beside the new one until its own time. */
  previous?: { secret: string; until: string }[]
  /** What a broker asks for. */
  credentials: Record<string, string>
}

interface Owner {
  id: string
  project_id: string
  environment: string | null
}

/** How long a replaced secret signs as well. */
const OVERLAP_MS = 24 * 60 * 60 * 1_000
/** Each is another signature in one header. */
const PREVIOUS_AT_MOST = 4

/** Signing secrets and credentials in and out of their envelope, bound to project, environment and destination. */
@Injectable()
export class DestinationVault {
  constructor(private readonly keyRing: KeyRing) {}

  seal(owner: Owner, stored: StoredSecrets): unknown {
    return this.keyRing.seal(Secret.of(JSON.stringify(stored)), placeOf(owner))
  }

  /** null where there are none: it is deleted. */
  open(owner: Owner & { secrets: unknown }): StoredSecrets | null {
    if (owner.secrets === null) return null
    return JSON.parse(this.keyRing.open(owner.secrets, placeOf(owner)).reveal()) as StoredSecrets
  }
}

export function newSigningSecret(): string {
  return `whsec_${drawn(32).toString('base64')}`
}

/** A new signing secret; the one before signs for a day more. */
export function rotated(stored: StoredSecrets, now: Date): StoredSecrets {
  const until = new Date(now.getTime() + OVERLAP_MS).toISOString()
  const previous = [{ secret: stored.signing, until }, ...stillSigning(stored, now)]
  return { ...stored, signing: newSigningSecret(), previous: previous.slice(0, PREVIOUS_AT_MOST) }
}

/** Everything that signs now, the newest first. */
export function signingSecrets(stored: StoredSecrets, now: Date): string[] {
  return [stored.signing, ...stillSigning(stored, now).map(({ secret }) => secret)]
}

function stillSigning({ previous = [] }: StoredSecrets, now: Date): NonNullable<StoredSecrets['previous']> {
  return previous.filter(({ until }) => Date.parse(until) > now.getTime())
}

export function placeOf({ id, project_id, environment }: Owner): Place {
  return { table: 'destinations', column: 'secrets', owner: [project_id, environment ?? 'all', id] }
}
