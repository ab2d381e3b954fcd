import { NotNow } from '../destinations.problems.ts'

export type Environment = 'dev' | 'staging' | 'prod'
export type DestinationStatus = 'enabled' | 'disabled' | 'deleted'

/** Somebody wished it; nothing has arrived for days; or it answered 410. */
export type DisabledReason = 'by_user' | 'failing' | 'gone'

interface Beginning {
  id: string
  project_id: string
  environment: Environment | null
  kind: string
  url: string
  name?: string | undefined
  types: string[]
  providers: string[]
  ordered: boolean
  schema_major: number
  config: Record<string, unknown>
}

interface Wishes {
  url?: string | undefined
  name?: string | null | undefined
  types?: string[] | undefined
  providers?: string[] | undefined
  ordered?: boolean | undefined
  schema_major?: number | undefined
  config?: Record<string, unknown> | undefined
  /** The envelope. */
  secrets?: unknown
  status?: 'enabled' | 'disabled' | undefined
}

/** Where events of a project go. It changes by the moves below and in no other way. */
export class Destination {
  readonly id: string
  readonly project_id: string
  /** null: of all three. */
  readonly environment: Environment | null
  readonly name: string | null
  readonly kind: string
  readonly url: string
  readonly config: Record<string, unknown>
  /** Empty: all. `payment.*` stands for a family. */
  readonly types: string[]
  readonly providers: string[]
  readonly ordered: boolean
  readonly schema_major: number
  readonly status: DestinationStatus = 'enabled'
  readonly disabled_reason: DisabledReason | null = null
  /** The envelope; null once it is deleted. */
  readonly secrets: unknown = null
  /** Since when nothing has arrived; null: the last try did. */
  readonly failing_since: Date | null = null
  readonly last_success_at: Date | null = null
  readonly version: number = 1
  readonly created_at!: Date
  readonly updated_at!: Date

  constructor({ name, ...beginning }: Beginning) {
    this.id = beginning.id
    this.project_id = beginning.project_id
    this.environment = beginning.environment
    this.name = name ?? null
    this.kind = beginning.kind
    this.url = beginning.url
    this.types = beginning.types
    this.providers = beginning.providers
    this.ordered = beginning.ordered
    this.schema_major = beginning.schema_major
    this.config = beginning.config
  }

  /** Its first secrets. */
  begin(envelope: unknown): void {
    this.set({ secrets: envelope })
  }

  /** What the user wishes otherwise; what is not named stays as it is. */
  change({ status, ...wishes }: Wishes): void {
    this.onlyLive()
    if (status === 'enabled') this.set(ENABLED)
    if (status === 'disabled' && this.status !== 'disabled') this.set(disabledBy('by_user'))
    const named = Object.entries(wishes).filter(([, value]) => value !== undefined)
    this.move(Object.fromEntries(named))
  }

  /** New signing secrets. */
  rotate(envelope: unknown): void {
    this.onlyLive()
    this.move({ secrets: envelope })
  }

  /** Nothing goes there any more; what waits is held until it is enabled again. */
  disable(reason: DisabledReason): void {
    this.onlyLive()
    if (this.status === 'enabled') this.move(disabledBy(reason))
  }

  /** The end: nothing secret stays, its history does. */
  remove(): void {
    if (this.status === 'deleted') return
    this.move({ status: 'deleted', disabled_reason: null, secrets: null })
  }

  /** What must hold before anything is done with it. */
  onlyLive(): void {
    if (this.status === 'deleted') throw NotNow({ values: { status: this.status } })
  }

  private move(changes: Partial<Destination>): void {
    this.set({ ...changes, version: this.version + 1 })
  }

  private set(changes: Partial<Destination>): void {
    Object.assign(this, changes)
  }
}

/** It has five days anew. */
const ENABLED = { status: 'enabled', disabled_reason: null, failing_since: null } as const

function disabledBy(reason: DisabledReason): Pick<Destination, 'status' | 'disabled_reason'> {
  return { status: 'disabled', disabled_reason: reason }
}
