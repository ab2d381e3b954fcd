import {
  type Ctx,
  digitsOf,
  exactJsonOf,
  memberOf,
  type Missed,
  type OwnAddress,
  pagesOf,
  textOf,
  UnexpectedAnswer,
} from '@app/connector-kit'
import { API_HEADERS, nextIn } from './api.ts'
import { hooksOf, registration } from './hooks.ts'

/**
 * GitHub keeps what each hook has sent for some days, arrived or not, newest first. A redelivery bears the guid of the
 * first; so does the same event sent by another hook of ours.
 */
export async function* missed(since: Date, ctx: Ctx, own: OwnAddress): AsyncIterable<Missed> {
  const met = new Set<string>()
  for (const hook of await registration.read(ctx)) {
    if (!own.leadsHere(hook.url)) continue
    for await (const one of deliveriesOf(`${hooksOf(ctx)}/${hook.id}/deliveries`, ctx)) {
      if (one.at < since) break
      if (met.has(one.dedupeKey)) continue
      met.add(one.dedupeKey)
      yield one
    }
  }
}

async function* deliveriesOf(path: string, ctx: Ctx): AsyncIterable<Missed> {
  const pages = pagesOf(async (cursor) => {
    const query = { per_page: '100', ...(cursor !== undefined && { cursor }) }
    const reply = await ctx.http.request({ method: 'GET', path, query, headers: API_HEADERS })
    const page = exactJsonOf(reply)
    if (!Array.isArray(page)) throw new UnexpectedAnswer(reply)
    return { page: page as unknown[], next: nextIn(reply.headers.link, 'cursor') }
  })
  for await (const page of pages) {
    for (const entry of page) {
      const [guid, event] = [textOf(memberOf(entry, 'guid')), textOf(memberOf(entry, 'event'))]
      const [id, at] = [digitsOf(memberOf(entry, 'id')), dateOf(memberOf(entry, 'delivered_at'))]
      if (guid === undefined || event === undefined || id === undefined || at === undefined) continue
      const headers = {
        'content-type': 'application/json',
        'x-github-event': event,
        'x-github-delivery': guid,
      }
      yield { dedupeKey: guid, at, headers, body: () => bodyOf(`${path}/${id}`, ctx) }
    }
  }
}

/** The payload written anew: the same JSON, not the same bytes. null: they no longer have it. */
async function bodyOf(path: string, { http }: Ctx): Promise<Buffer | null> {
  const reply = await http.request({ method: 'GET', path, headers: API_HEADERS })
  if (reply.status === 404) return null
  const payload = memberOf(exactJsonOf(reply), 'request', 'payload')
  return payload === undefined || payload === null ? null : Buffer.from(JSON.stringify(payload))
}

function dateOf(value: unknown): Date | undefined {
  const date = new Date(textOf(value) ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}
