import {
  type Connector,
  type Ctx,
  defineConnector,
  type Delivery,
  field,
  type Hmac,
  jsonOf,
  memberOf,
  type Operation,
  overFields,
  type OwnAddress,
  pagesOf,
  type Registered,
  type Reply,
  secret,
  textOf,
  verify,
  type Webhooks,
} from '@app/connector-kit'
import type { Secret } from '@app/secrets'

export const KEY = 'acme-webhook-key-0001'
export const scheme: Hmac = {
  scheme: 'hmac',
  algorithm: 'sha256',
  signed: 'raw_body',
  at: { header: 'x-acme-signature' },
  encoding: 'hex',
}
export const overId: Hmac = { ...scheme, signed: overFields([{ path: ['id'] }]) }
export const body = '{"id":"evt_1","event":"record.created","note":"شكرا"}'
export const words = { en: 'Words', ar: 'كلمات' }
export const fixture = {
  kind: 'webhook',
  source: 'made here',
  secrets: { webhook_key: KEY },
  headers: [] as string[][],
  body,
  dedupeKey: 'evt_1',
  eventType: 'record.created',
  observations: [
    {
      resource: 'other',
      ref: 'evt_1',
      native: 'record.created',
      type: 'record.created',
      facts: { id: 'evt_1' },
    },
  ] as unknown[],
}
export const exchange = {
  kind: 'exchange',
  source: 'made here',
  operation: 'record.list',
  request: { method: 'GET', path: '/records' },
  reply: { status: 200, body: '{}' },
}
export const OWN = 'https://wasl.example/webhooks/acme/key'
export const listed = {
  kind: 'missed',
  source: 'made here',
  config: { account: 'acme' },
  own: [OWN],
  exchanges: [
    {
      request: { method: 'GET', path: '/sent' },
      reply: { status: 200, body: { sent: [{ id: 'evt_3', event: 'record.created', at: 3 }], next: 'b' } },
      role: 'page',
    },
    {
      request: { method: 'GET', path: '/sent', query: { after: 'b' } },
      reply: { status: 200, body: { sent: [{ id: 'evt_2', event: 'record.created', at: 2 }] } },
    },
    ...['evt_2', 'evt_3'].map((id) => ({
      request: { method: 'GET', path: `/sent/${id}` },
      reply: { status: 200, body: { id, event: 'record.created' } },
      role: 'body',
    })),
  ] as object[],
  found: [
    { dedupeKey: 'evt_3', eventType: 'record.created', at: '1970-01-01T00:00:00.003Z' },
    { dedupeKey: 'evt_2', eventType: 'record.created', at: '1970-01-01T00:00:00.002Z' },
  ],
}
export const hooks = [
  { id: '1', url: 'https://elsewhere.example/', events: ['*'], active: true },
  { id: '2', url: OWN, events: ['record.created'], active: false },
]
export const registered = {
  ...listed,
  kind: 'registration',
  exchanges: [
    {
      request: { method: 'GET', path: '/hooks' },
      reply: { status: 200, body: { hooks: hooks.slice(0, 1), next: 'b' } },
      role: 'page',
    },
    {
      request: { method: 'GET', path: '/hooks', query: { after: 'b' } },
      reply: { status: 200, body: { hooks: hooks.slice(1) } },
    },
  ],
  registered: hooks,
  mended: [{ method: 'PUT', path: '/hooks/2', json: { url: OWN, secret: '{secret}' } }],
}

export const named = (delivery: Delivery, name: string): string =>
  textOf(memberOf(delivery.json(), name)) ?? ''

/** One list of theirs, whole; `answered` is how it takes what it is answered. */
export function listOf<T>(
  ctx: Ctx,
  name: string,
  answered: (reply: Reply) => unknown = jsonOf,
): AsyncGenerator<T[]> {
  return pagesOf(async (after) => {
    const query = after === undefined ? {} : { query: { after } }
    const json = answered(await ctx.http.request({ method: 'GET', path: `/${name}`, ...query }))
    return { page: (memberOf(json, name) ?? []) as T[], next: textOf(memberOf(json, 'next')) }
  })
}
export async function* sent(ctx: Ctx, answered?: (reply: Reply) => unknown) {
  for await (const page of listOf<{ id: string; at: number }>(ctx, 'sent', answered)) {
    for (const { id, at } of page) {
      const body = async (): Promise<Buffer> =>
        Buffer.from((await ctx.http.request({ method: 'GET', path: `/sent/${id}` })).text)
      yield { dedupeKey: id, at: new Date(at), headers: {}, body }
    }
  }
}
export async function readHooks(ctx: Ctx, answered?: (reply: Reply) => unknown): Promise<Registered[]> {
  const found: Registered[] = []
  for await (const page of listOf<Registered>(ctx, 'hooks', answered)) found.push(...page)
  return found
}
export async function putHook(ctx: Ctx, id: string | undefined, json: object): Promise<void> {
  await ctx.http.request({ method: 'PUT', path: `/hooks/${id}`, json })
}
export const registration = {
  read: (ctx: Ctx) => readHooks(ctx),
  mend: (ctx: Ctx, own: OwnAddress & { secret: Secret }, [first]: readonly Registered[]) =>
    putHook(ctx, first?.id, { url: own.url, secret: own.secret.reveal() }),
}

export const webhooks: Webhooks = {
  trust: 'body_signed',
  secretField: 'webhook_key',
  setup: words,
  verification: words,
  verify: (delivery, ctx) => verify(scheme, delivery, ctx.secrets('webhook_key')),
  dedupeKey: (delivery) => named(delivery, 'id') || null,
  eventType: (delivery) => named(delivery, 'event') || null,
  normalise(delivery) {
    const [ref, native] = [named(delivery, 'id'), named(delivery, 'event')]
    return ref && native
      ? [{ resource: 'other', ref, native, type: 'record.created', facts: { id: ref } }]
      : []
  },
  needs: { name: 'account', pattern: /^\w+$/, help: words },
  missed: (_since, ctx) => sent(ctx),
  registration,
}
export const operation: Operation = { replay: { kind: 'read' }, run: () => Promise.resolve([]) }

export const sound = defineConnector({
  manifest: {
    id: 'acme',
    name: { en: 'Acme', ar: 'أكمي' },
    category: 'crm',
    lifecycle: 'beta',
    mena: false,
    docs: 'https://docs.acme.example',
    authMethod: 'api_key',
  },
  credentials: {
    token: secret({ label: words, help: words, pattern: /^tok_\w+$/ }),
    webhook_key: secret({ label: words, help: words, optional: true }),
    account: field({ label: words, help: words, optional: true }),
  },
  auth: { kind: 'bearer', token: 'token' },
  endpoints: [{ url: 'https://api.acme.example' }],
  capabilities: [{ operation: 'record.list' }],
  operations: { 'record.list': operation },
  amounts: { wire: 'decimal_string', digits: { KWD: 2 }, step: { KWD: 10 } },
  webhooks,
  async health({ http }) {
    const { status } = await http.request({ method: 'GET', path: '/me' })
    if (status === 401) return { ok: false, detail: 'credentials_rejected' }
    return status < 400 ? { ok: true } : { ok: false, detail: 'provider_error' }
  },
  classify({ status }) {
    if (status < 400) return null
    if (status === 401) return { code: 'connection_unauthorized', retry: 'after_fix', effect: 'none' }
    if (status === 429) return { code: 'rate_limited', retry: 'same', effect: 'none' }
    if (status >= 500) return { code: 'provider_error', retry: 'same', effect: 'unknown' }
    return { code: 'invalid_request', retry: 'never', effect: 'none' }
  },
})

export type Files = Record<string, string | object>
export interface Case {
  connector?: Connector
  files?: Files
}
export const hooked = (over: Partial<Webhooks>): Connector => ({
  ...sound,
  webhooks: { ...webhooks, ...over },
})
export const told = (over: Partial<Connector['manifest']>): Connector => ({
  ...sound,
  manifest: { ...sound.manifest, ...over },
})

/** Which question must object, in which words, to what is broken so. */
export type BrokenCase = [question: string, words: string | RegExp, broken: () => Case]
