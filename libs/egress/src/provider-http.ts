import type { Connector, Creds, Fields, Http, Mode, Reply } from '@app/connector-kit'
import type { Egress } from './egress-client.ts'
import { type Effect, EgressFailure } from './egress-failure.ts'
import {
  type EgressReply,
  type EgressRequest,
  type EgressStream,
  isReading,
  type SendOptions,
} from './egress-request.ts'
import { authenticationOf } from './auth/authentication.ts'
import { endpointFor } from './endpoint.ts'
import type { CallAbout } from './finished-call.ts'
import { providerUrl, type Query } from './provider-path.ts'

/** One connection, as far as its calls need it. */
export interface Caller<F extends Fields> {
  connector: Pick<Connector<F>, 'auth' | 'otherAuth' | 'endpoints'>
  creds: Creds<F>
  mode: Mode
  region?: string
  about?: CallAbout
}

/** What a connector may ask for. `json` or `form`, not both; `path` stays under the endpoint's base URL. */
export interface ProviderCall {
  method: string
  path: string
  query?: Query
  headers?: Readonly<Record<string, string>>
  json?: unknown
  form?: Readonly<Record<string, string>>
  /** A POST that only asks. */
  reads?: boolean
  /** The provider does this once, however often it is sent: a stable key of ours is in it (`replay: native`). */
  keyed?: boolean
  /** One of the connector's `otherAuth`; left out: its `auth`. */
  auth?: string
  template?: string
}

/** A call that is passed on as it came. */
export interface PassedCall extends Pick<EgressRequest, 'method' | 'headers' | 'body' | 'bodyBytes'> {
  path: string
  /** With its question mark; empty for none. */
  search: string
}

/**
 * The `http` of a connector's context: bound to one connection's endpoint and credentials. Answers of every status come
 * back for the connector to classify; a redirect, and whatever else is no answer, is thrown as an {@link EgressFailure}.
 */
export class ProviderHttp<F extends Fields> implements Http {
  constructor(
    private readonly egress: Egress,
    private readonly caller: Caller<F>,
    private readonly options: SendOptions = {},
  ) {}

  async request(call: ProviderCall): Promise<Reply> {
    const request = this.#prepared(call)
    const reply = await this.egress.send(request, { repeat: true, ...this.options })
    const effect = isReading(request) ? 'none' : 'unknown'
    if (reply.status >= 300 && reply.status < 400 && reply.status !== 304) {
      throw new EgressFailure('redirect', { effect, status: reply.status })
    }
    return readable(reply, effect)
  }

  /** Body, headers and query as they are, with our proof; whatever comes back is the answer, a redirect too. */
  async pass({ path, search, ...call }: PassedCall, options: SendOptions = {}): Promise<EgressStream> {
    const base = this.base
    const url = providerUrl(base, path)
    url.search = search
    return this.egress.stream(this.#proved(base, { ...call, url }), {
      repeat: true,
      ...this.options,
      ...options,
    })
  }

  /** The base URL that no call leaves. */
  get base(): string {
    return endpointFor(this.caller.connector.endpoints, this.caller)
  }

  #prepared({ path, query, headers, json, form, auth, ...rest }: ProviderCall): EgressRequest {
    const base = this.base
    const body = encoded(json, form)
    const call = {
      ...rest,
      url: providerUrl(base, path, query),
      headers: { accept: 'application/json', ...body?.headers, ...lowerCase(headers) },
      ...(body && { body: body.text }),
    }
    return this.#proved(base, call, auth)
  }

  #proved(base: string, request: EgressRequest, otherwise?: string): EgressRequest {
    const { connector, creds, about = {} } = this.caller
    const { tokens, lent, clock } = this.egress
    const proof = otherwise === undefined ? connector.auth : connector.otherAuth?.[otherwise]
    if (!proof) throw new EgressFailure('unsupported_auth', { effect: 'none' })
    const auth = authenticationOf(proof, creds, {
      send: (asked, options) => this.egress.send(asked, options),
      tokens,
      lent,
      base,
      about,
      date: () => clock.date(),
    })
    return { ...request, headers: { 'user-agent': 'wasl', ...request.headers }, auth, about }
  }
}

/** The usual way to one: a connector, what the connection has stored, and the mode that picks the endpoint. */
export function providerHttp<F extends Fields>(
  egress: Egress,
  connector: Caller<F>['connector'],
  creds: Creds<F>,
  mode: Mode,
  rest: Pick<Caller<F>, 'region' | 'about'> & SendOptions = {},
): ProviderHttp<F> {
  const { region, about, ...options } = rest
  return new ProviderHttp(
    egress,
    { connector, creds, mode, ...(region !== undefined && { region }), ...(about && { about }) },
    options,
  )
}

function encoded(
  json: unknown,
  form: ProviderCall['form'],
): { text: string; headers: Record<string, string> } | undefined {
  if (json !== undefined)
    return { text: JSON.stringify(json), headers: { 'content-type': 'application/json' } }
  if (form === undefined) return undefined
  return {
    text: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function readable({ status, headers, body }: EgressReply, effect: Effect): Reply {
  const text = new TextDecoder().decode(body)
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
    ),
    text,
    json() {
      try {
        return JSON.parse(text) as unknown
      } catch {
        throw new EgressFailure('not_json', { effect, status })
      }
    },
  }
}
