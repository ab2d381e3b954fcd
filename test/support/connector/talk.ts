import { isDeepStrictEqual } from 'node:util'
import {
  type Connector,
  credsOf,
  type Ctx,
  ctxOf,
  type Http,
  type Missed,
  type OwnAddress,
  type Registered,
  type Reply,
} from '@app/connector-kit'
import { Secret } from '@app/secrets'
import type { TalkFixture } from './fixtures.ts'

export type Call = Parameters<Http['request']>[0]
export type Answering = (call: Call) => Reply

/** The secret of our webhooks, in whatever is said to the provider. */
export const SECRET = 'canary-of-our-secret'
/** A connector that asks more often than this will never end. */
const MOST_CALLS = 1_000

/** A connector's context that is played from a fixture, and every call that was made of it. */
export function talkOf(
  connector: Connector,
  fixture: TalkFixture,
  answering: Answering = recorded(fixture),
): { ctx: Ctx; calls: Call[] } {
  const calls: Call[] = []
  const canaries = Object.keys(connector.credentials).map((name) => [name, `canary-of-${name}`])
  const ctx = ctxOf(connector, {
    http: {
      request: async (call) => {
        if (calls.push(call) > MOST_CALLS) throw new Error(`it has asked ${MOST_CALLS} times and goes on`)
        return answering(call)
      },
    },
    creds: credsOf(connector.credentials, Object.fromEntries(canaries)),
    config: fixture.config,
    environment: 'dev',
    mode: 'test',
    now: () => new Date(fixture.now ?? '2026-01-05T00:00:00Z'),
  })
  return { ctx, calls }
}

export function ownOf({ own }: TalkFixture): OwnAddress & { secret: Secret } {
  return { url: own[0], leadsHere: (url) => own.includes(url), secret: Secret.of(SECRET) }
}

/** What it says of a fixture, whichever of the two it is about; its bodies included. */
export async function heard(connector: Connector, fixture: TalkFixture): Promise<void> {
  const { ctx } = talkOf(connector, fixture)
  const { webhooks } = connector
  if (fixture.kind === 'missed') for (const one of await missedIn(connector, fixture, ctx)) await one.body()
  else if (typeof webhooks?.registration === 'object') await webhooks.registration.read(ctx)
}

export async function missedIn(connector: Connector, fixture: TalkFixture, ctx: Ctx): Promise<Missed[]> {
  const found: Missed[] = []
  const since = new Date(fixture.since ?? '2026-01-02T00:00:00Z')
  for await (const one of connector.webhooks?.missed?.(since, ctx, ownOf(fixture)) ?? []) found.push(one)
  return found
}

export function ofOurs(registered: readonly Registered[], fixture: TalkFixture): Registered[] {
  return registered.filter(({ url }) => ownOf(fixture).leadsHere(url))
}

/** The recorded answer to exactly this call. */
export function recorded({ exchanges }: TalkFixture): Answering {
  return (call) => {
    const met = exchanges.find(
      ({ request }) =>
        request.method === call.method &&
        request.path === call.path &&
        isDeepStrictEqual({ ...request.query }, { ...call.query }) &&
        isDeepStrictEqual(request.json, call.json),
    )
    if (met) return replyOf(met.reply)
    throw new Error(`no answer is recorded to ${said(call)}`)
  }
}

/** Every answer to what was asked on a page that has a next one is that page again. */
export function endless(fixture: TalkFixture): Answering {
  const page = fixture.exchanges.find(({ role }) => role === 'page')
  return (call) =>
    page && call.method === page.request.method && call.path === page.request.path
      ? replyOf(page.reply)
      : recorded(fixture)(call)
}

export function replyOf({ status, headers = {}, body }: TalkFixture['exchanges'][number]['reply']): Reply {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, headers, text, json: () => JSON.parse(text) as unknown }
}

export function said({ method, path, query, json }: Call): string {
  return `${method} ${path} ${JSON.stringify({ query, json })}`
}

export function onlyReads({ method, reads }: Call): boolean {
  return reads ?? ['GET', 'HEAD', 'OPTIONS'].includes(method)
}

/** Why a refusal was not passed on; none: it was. A refusal that is taken for an empty list would hide what is wrong. */
export async function refusalsOverheard(
  connector: Connector,
  fixture: TalkFixture,
  asked: (ctx: Ctx) => Promise<unknown>,
): Promise<number[]> {
  const overheard: number[] = []
  for (const status of [400, 401, 403, 404, 429, 500]) {
    const { ctx } = talkOf(connector, fixture, () => replyOf({ status, body: '{}' }))
    const passedOn = await asked(ctx).then(
      () => false,
      () => true,
    )
    if (!passedOn) overheard.push(status)
  }
  return overheard
}

/** Recorded as a list of two pages, and read to no end where the provider names none. */
export async function endlessObjections(
  connector: Connector,
  fixture: TalkFixture,
  asked: (ctx: Ctx) => Promise<unknown>,
): Promise<string[]> {
  const { ctx, calls } = talkOf(connector, fixture, endless(fixture))
  const path = fixture.exchanges.find(({ role }) => role === 'page')?.request.path
  const gaveUp = await asked(ctx).then(
    () => false,
    () => calls.length <= MOST_CALLS && calls.filter((call) => call.path === path).length > 1,
  )
  return gaveUp
    ? []
    : ['A list that always has another page is read for ever, or as if it were whole: use pagesOf().']
}
