import type { Scope } from '@app/http'
import type { KeyEnvironment, KeyText } from './key-text.ts'

/** A key of a project, without its text: of that only the hash is known. */
export class ApiKey {
  readonly id: string
  readonly project_id: string
  readonly name: string | null
  /** null: of every environment. */
  readonly environment: KeyEnvironment | null
  readonly scopes: Scope[]
  readonly key_hash: Buffer
  readonly expires_at: Date | null
  readonly last_used_at: Date | null = null
  readonly revoked_at: Date | null = null
  readonly created_at!: Date

  constructor(
    projectId: string,
    text: KeyText,
    may: {
      name?: string | undefined
      environment?: KeyEnvironment | undefined
      scopes: readonly Scope[]
      expiresAt: Date | null
    },
  ) {
    this.id = text.id
    this.key_hash = text.hash
    this.project_id = projectId
    this.name = may.name ?? null
    this.environment = may.environment ?? null
    this.scopes = [...may.scopes]
    this.expires_at = may.expiresAt
  }

  /** Revoked twice is revoked when it was first. */
  revoke(now: Date): void {
    Object.assign(this, { revoked_at: this.revoked_at ?? now } satisfies Partial<ApiKey>)
  }
}
