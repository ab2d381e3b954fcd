import {
  type Ctx,
  jsonOf,
  memberOf,
  type Missed,
  type OwnAddress,
  pagesOf,
  type Reply,
  textOf,
  UnexpectedAnswer,
} from '@app/connector-kit'
import { dedupeKeyOf, resourceOf } from './map.ts'

const LISTS = ['/charges', '/authorize', '/refunds'] as const
/** Their most. */
const PER_PAGE = 50
/** Lists go by when a thing was made, and it may have changed days later: cash at a kiosk takes days. */
const CHANGES_WITHIN_MS = 3 * 24 * 60 * 60 * 1_000
/** Nothing is posted while it is one of these. */
const UNTOLD = new Set(['INITIATED', 'ABANDONED'])

/**
 * Tap keeps no list of what it has posted, but lists of what there is. Of those only what bears an address of ours
 * (`post.url`) was to come; what it became since is one delivery, and what it was in between is not told.
 */
export async function* missed(since: Date, ctx: Ctx, own: OwnAddress): AsyncIterable<Missed> {
  const from = since.getTime() - CHANGES_WITHIN_MS
  for (const list of LISTS) {
    for await (const page of listed(list, from, ctx)) {
      for (const object of page) {
        const [id, status] = [textOf(memberOf(object, 'id')), textOf(memberOf(object, 'status'))]
        const address = textOf(memberOf(object, 'post', 'url'))
        if (!id || !status || !address || UNTOLD.has(status) || !own.leadsHere(address)) continue
        const created = new Date(Number(memberOf(object, ...resourceOf(id).createdAt)))
        yield {
          dedupeKey: dedupeKeyOf(id, status),
          at: created.getTime() > 0 ? created : since,
          headers: { 'content-type': 'application/json' },
          body: () => retrieved(`${list}/${encodeURIComponent(id)}`, status, ctx),
        }
      }
    }
  }
}

async function* listed(list: string, from: number, { http, now }: Ctx): AsyncIterable<unknown[]> {
  const period = { date: { from: String(from), to: String(now().getTime()) }, type: '1' }
  yield* pagesOf(async (cursor) => {
    const json = {
      period,
      limit: String(PER_PAGE),
      ...(cursor !== undefined && { starting_after: cursor }),
    }
    const reply = await http.request({ method: 'POST', path: `${list}/list`, json, reads: true })
    if (saysNothingFound(reply)) return { page: [] }
    const answer = jsonOf(reply)
    const page = listIn(answer)
    if (!page) throw new UnexpectedAnswer(reply)
    const more = memberOf(answer, 'has_more') ?? page.length === PER_PAGE
    return { page, ...(more === true && { next: textOf(memberOf(page.at(-1), 'id')) }) }
  })
}

/** The one list of the answer, whatever it is called there. */
function listIn(answer: unknown): unknown[] | undefined {
  const lists =
    typeof answer === 'object' && answer !== null ? Object.values(answer).filter(Array.isArray) : []
  return lists[0] as unknown[] | undefined
}

/** A period without any is answered as an error: 400, "Charges not found". */
function saysNothingFound(reply: Reply): boolean {
  if (reply.status !== 400) return false
  const description = textOf(memberOf(reply.json(), 'errors', '0', 'description')) ?? ''
  return /\bnot found\b/i.test(description)
}

/** The object as they would post it. null: it has become something else meanwhile, and that is told by itself. */
async function retrieved(path: string, status: string, { http }: Ctx): Promise<Buffer | null> {
  const reply = await http.request({ method: 'GET', path })
  if (memberOf(jsonOf(reply), 'status') !== status) return null
  return Buffer.from(reply.text)
}
