import { Injectable } from '@nestjs/common'
import { type Connection, Connections } from '@app/connections'
import type { Registered, Webhooks } from '@app/connector-kit'
import { Database } from '@app/database'
import type { Caller } from '@app/http'
import { AuditLog } from '@app/projects'
import { connectorOf } from '@app/providers'
import { BeingMended, NoWebhookApi, NotAskable, SecretMissing, WebhooksHidden } from '../webhooks.problems.ts'
import { type Hindrance, Inquiry, type Means } from './inquiry.ts'
import { RegistrationNotes } from './registration-notes.ts'
import { type Finding, isDrift, type Reason, type State, stateOf } from './registration-state.ts'

/** How it stands with the registration of a connection's address. */
export interface Standing {
  connection: Connection
  webhooks: Webhooks | undefined
  state: State
  reason: Reason | null
  checkedAt: Date | null
  registered: readonly Registered[]
  canBeMended: boolean
}

/** Our webhook address at the provider: as it was last found, asked for now, made right. */
@Injectable()
export class Registrations {
  constructor(
    private readonly connections: Connections,
    private readonly inquiry: Inquiry,
    private readonly notes: RegistrationNotes,
    private readonly audit: AuditLog,
    private readonly database: Database,
  ) {}

  async show(caller: Caller, projectId: string, id: string): Promise<Standing> {
    const connection = await this.connections.get(caller, projectId, id)
    return this.#standing(connection, await this.inquiry.meansFor(connection))
  }

  /** Where the provider cannot be asked, this is the same as to show. */
  async check(caller: Caller, projectId: string, id: string, signal?: AbortSignal): Promise<Standing> {
    const connection = await this.connections.get(caller, projectId, id)
    const means = await this.inquiry.meansFor(connection, signal)
    if (isMeans(means)) await this.#ask(connection, means)
    return this.#standing(connection, means)
  }

  /** What is in order already is left as it is. */
  async mend(caller: Caller, projectId: string, id: string, signal?: AbortSignal): Promise<Standing> {
    const connection = await this.connections.get(caller, projectId, id)
    const means = await this.inquiry.meansFor(connection, signal)
    if (!isMeans(means))
      throw means.state === 'unknown' && means.reason !== 'no_webhooks' ? NotAskable() : NoWebhookApi()
    const { registration, connector, secret } = means
    if (!registration.mend) throw NoWebhookApi()
    if (!secret) throw SecretMissing({ values: { field: connector.webhooks?.secretField ?? '' } })
    // Two at once would both see that none is there, and make two.
    const mended = await this.database.withLock(`mend webhook ${id}`, async () => {
      const before = await this.#ask(connection, means)
      if (before.state === 'unknown') throw WebhooksHidden()
      if (!isDrift(before.state)) return true
      await this.#audit(caller, connection, before)
      await this.inquiry.mend(means, secret, before.found)
      await this.#ask(connection, means)
      return true
    })
    if (mended === null) throw BeingMended()
    return this.#standing(connection, means)
  }

  /** Committed before anything is changed over there. */
  #audit(
    caller: Caller,
    { id, project_id: projectId }: Connection,
    { state, found }: Finding,
  ): Promise<void> {
    return this.audit.record({
      actor: caller.id,
      action: 'connection.webhook_mended',
      subject: id,
      projectId,
      ...(caller.address !== '' && { address: caller.address }),
      details: { state, registrations: found.map((one) => one.id) },
    })
  }

  async #ask(connection: Connection, means: Means): Promise<Finding> {
    const finding = await this.inquiry.ask(means)
    await this.notes.keep(connection, finding, means.connector.webhooks?.trust ?? 'none')
    return finding
  }

  async #standing(connection: Connection, means: Means | Hindrance): Promise<Standing> {
    const webhooks = connectorOf(connection.provider)?.webhooks
    const { registration, found } = await this.notes.of(connection)
    const checkedAt = registration?.checked_at ?? null
    const known = { connection, webhooks, checkedAt, registered: found }
    if (!isMeans(means)) return { ...known, ...means, canBeMended: false }
    const noted = registration?.state ?? 'unknown'
    const reason = registration ? registration.reason : 'never_checked'
    // Said of the address of today: what was in order may lead to one that was replaced since.
    const state = noted === 'unknown' ? noted : stateOf(found, means.own.url)
    const canBeMended = isDrift(state) && means.registration.mend !== undefined && means.secret !== null
    return {
      ...known,
      state,
      reason: state === 'unknown' ? (reason ?? 'never_checked') : null,
      canBeMended,
    }
  }
}

function isMeans(means: Means | Hindrance): means is Means {
  return 'registration' in means
}
