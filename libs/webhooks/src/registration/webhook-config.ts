import type { Registered } from '@app/connector-kit'
import { isStorable, newId } from '@app/http'

/** One webhook that is registered at the provider and leads to the connection, as it was last seen. */
export class WebhookConfig {
  readonly id: string
  readonly connection_id: string
  /** The provider's id of it; null in rows that somebody else has written. */
  readonly webhook_id: string | null
  readonly endpoint_url!: string
  readonly events: string[] = []
  readonly is_active: boolean = true
  /** The secret lies with the connection's credentials, not here. */
  readonly signing_secret: unknown = null
  readonly verification_method: string | null = null
  readonly metadata: Record<string, unknown> = {}
  readonly created_at!: Date
  readonly updated_at!: Date

  constructor(connectionId: string, webhookId: string) {
    this.id = newId()
    this.connection_id = connectionId
    this.webhook_id = webhookId
  }

  /** As it was seen now. `method`: what its deliveries prove. */
  seen({ url, events, active, signed }: Registered, method: string): void {
    Object.assign(this, {
      endpoint_url: url,
      events: events.filter((event) => event.length <= 100 && isStorable(event)).slice(0, 100),
      is_active: active,
      verification_method: method,
      metadata: { ...this.metadata, [OURS]: signed === undefined ? {} : { signed } },
    })
  }

  /** Written here, and not by a host application of its own accord. */
  isOurs(): boolean {
    return Object.hasOwn(this.metadata, OURS)
  }

  registered(): Registered {
    const { signed } = this.metadata[OURS] as { signed?: boolean }
    return {
      id: this.webhook_id ?? '',
      url: this.endpoint_url,
      events: this.events,
      active: this.is_active,
      ...(signed !== undefined && { signed }),
    }
  }
}

const OURS = 'seen_at_provider'
