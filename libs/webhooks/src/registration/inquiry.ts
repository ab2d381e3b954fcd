import { Injectable } from '@nestjs/common'
import { asProviderProblem, type Connection, ConnectorContexts, WebhookAddresses } from '@app/connections'
import {
  type Connector,
  type Ctx,
  EndlessList,
  isAskable,
  type OwnAddress,
  type Registered,
  type Registration,
  UnexpectedAnswer,
} from '@app/connector-kit'
import { EgressFailure } from '@app/egress'
import type { Problem } from '@app/http'
import { connectorOf } from '@app/providers'
import { Secret } from '@app/secrets'
import { WebhooksHidden } from '../webhooks.problems.ts'
import { type Finding, type Reason, type State, stateOf } from './registration-state.ts'

/** What the calls are counted and logged as. */
const OPERATION = 'webhook-registration'

/** All that is needed to ask. */
export interface Means {
  connector: Connector
  registration: Registration
  ctx: Ctx
  own: OwnAddress
  /** What the provider is to sign with; null where nobody has entered one. */
  secret: Secret | null
}

/** Or what stands in the way of asking. */
export interface Hindrance {
  state: Extract<State, 'per_call' | 'by_hand' | 'unknown'>
  reason: Reason | null
}

/** Asks a provider what is registered there for a connection, and makes it right. */
@Injectable()
export class Inquiry {
  constructor(
    private readonly contexts: ConnectorContexts,
    private readonly addresses: WebhookAddresses,
  ) {}

  async meansFor(connection: Connection, signal?: AbortSignal): Promise<Means | Hindrance> {
    const connector = connectorOf(connection.provider)
    const webhooks = connector?.webhooks
    if (!webhooks) return { state: 'unknown', reason: 'no_webhooks' }
    const { registration } = webhooks
    if (registration === undefined) return { state: 'by_hand', reason: null }
    if (registration === 'per_call') return { state: 'per_call', reason: null }
    const lent = this.contexts.lend(connection, OPERATION, signal)
    const own = await this.addresses.ownOf(connection)
    if (!lent || !own) return { state: 'unknown', reason: 'not_connected' }
    if (!isAskable(webhooks, connection.config)) return { state: 'unknown', reason: 'config_missing' }
    const secret = lent.ctx.creds[webhooks.secretField]
    return { connector, registration, ctx: lent.ctx, own, secret: secret instanceof Secret ? secret : null }
  }

  /**
   * What is registered, as far as it leads here. A refusal is a finding: it lasts. A provider that is silent or ill says
   * nothing, and is thrown as the problem that it is to a caller.
   */
  async ask({ connector, registration, ctx, own }: Means): Promise<Finding> {
    try {
      const registered = await registration.read(ctx)
      const found = registered.filter(({ url }) => own.leadsHere(url)).map(asParsed)
      return { state: stateOf(found, own.url), reason: null, found }
    } catch (error) {
      const reason = refusalIn(error, connector)
      if (reason) return { state: 'unknown', reason, found: [] }
      throw asProblem(error, connector, 'none')
    }
  }

  /** Changes what is registered over there. May be called again; throws the problem that it is to a caller. */
  async mend(
    { connector, registration, ctx, own }: Means,
    secret: Secret,
    found: readonly Registered[],
  ): Promise<void> {
    try {
      await registration.mend?.(ctx, { ...own, secret }, found)
    } catch (error) {
      if (refusalIn(error, connector)) throw WebhooksHidden()
      throw asProblem(error, connector, 'unknown')
    }
  }
}

function asParsed(registered: Registered): Registered {
  return { ...registered, url: new URL(registered.url).href }
}

function refusalIn(error: unknown, connector: Connector): Reason | null {
  if (!(error instanceof UnexpectedAnswer)) return null
  const { code } = error.weighedBy(connector)
  if (code === 'connection_unauthorized') return 'credentials_rejected'
  // Providers hide what one may not see behind "not found".
  return code !== 'rate_limited' && [401, 403, 404, 410].includes(error.status) ? 'not_allowed' : null
}

function asProblem(error: unknown, connector: Connector, effect: 'none' | 'unknown'): Problem {
  if (error instanceof EgressFailure) return asProviderProblem(error, connector.manifest.id)
  const isAnswer = error instanceof UnexpectedAnswer
  if (!isAnswer && !(error instanceof EndlessList)) throw error
  const { code, retryAfter } = isAnswer ? error.weighedBy(connector) : { code: 'provider_error' as const }
  const failure = new EgressFailure(code === 'rate_limited' ? 'rate_limit' : 'malformed', {
    effect,
    ...(isAnswer && { status: error.status }),
    ...(code === 'rate_limited' && { retryAfter: retryAfter ?? 60 }),
  })
  return asProviderProblem(failure, connector.manifest.id)
}
