import type { Tenant } from '@app/database'
import type { Answer } from './answer-vault.ts'

/** A request that bears a key. */
export interface Asked extends Tenant {
  projectId: string
  /** Method and pattern of the path. */
  route: string
  keyHash: Buffer
  fingerprint: Buffer
}

/** A key that is ours until its lease is over; the token tells whether it still is. */
export interface Held {
  id: string
  tenant: Tenant
  token: string
  /** Another began before us and did not come to an end. */
  takenOver: boolean
}

/** What became of asking for a key. */
export type Claim =
  | { outcome: 'first' | 'taken_over'; held: Held }
  | { outcome: 'replayed'; answer: Answer }
  /** Bound to another request. */
  | { outcome: 'reused' }
  /** Being worked on. */
  | { outcome: 'running' }
  /** Nobody knows yet whether it happened. */
  | { outcome: 'open' }
