import { type Finding, type FoundState, isNews, type Reason } from './registration-state.ts'

/** How a connection's registration at its provider was found. */
export class WebhookRegistration {
  readonly connection_id!: string
  readonly project_id!: string
  readonly environment!: 'dev' | 'staging' | 'prod'
  /** null: the provider has not answered yet. */
  readonly state: FoundState | null = null
  readonly reason: Reason | null = null
  readonly checked_at: Date | null = null
  /** When its turn was last, whatever came of it. */
  readonly tried_at: Date | null = null

  /** What a look has found; true where that is news. */
  note({ state, reason }: Finding, now: Date): boolean {
    const news = isNews(this.state, state)
    Object.assign(this, { state, reason, checked_at: now })
    return news
  }
}
