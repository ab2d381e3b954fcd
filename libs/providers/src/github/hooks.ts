import {
  type ConfigNeed,
  type Ctx,
  jsonOf,
  memberOf,
  pagesOf,
  type Registered,
  type Registration,
  type Reply,
  textOf,
  UnexpectedAnswer,
} from '@app/connector-kit'
import { API_HEADERS, nextIn } from './api.ts'

export const hooksNeed: ConfigNeed = {
  name: 'repository',
  pattern: /^[A-Za-z0-9_-]{1,80}(\/[A-Za-z0-9._-]{1,100})?$/,
  help: {
    en: 'Set config.repository to owner/name, or to the name of an organisation, where the webhook is registered. The token needs the scope admin:repo_hook (admin:org_hook for an organisation), or as fine-grained token the permission "Webhooks".',
    ar: 'اضبط config.repository على owner/name، أو على اسم المؤسسة التي سُجّل فيها الـwebhook. ويلزم أن يملك الرمز الصلاحية admin:repo_hook (أو admin:org_hook للمؤسسة)، أو الإذن Webhooks إن كان رمزًا محدد الأذونات.',
  },
}

/** What a new hook is to send: the events that `map.ts` has words for. An existing one keeps its own. */
const EVENTS = [
  'push',
  'pull_request',
  'issues',
  'issue_comment',
  'release',
  'workflow_run',
  'check_suite',
  'check_run',
  'status',
  'deployment',
  'deployment_status',
]

/** Where the hooks of this connection's repository or organisation are. */
export function hooksOf({ config }: Pick<Ctx, 'config'>): string {
  const place = String(config[hooksNeed.name])
  return `/${place.includes('/') ? 'repos' : 'orgs'}/${place}/hooks`
}

export const registration: Registration = {
  async read(ctx) {
    const found: Registered[] = []
    const pages = pagesOf(async (page = '1') => {
      const reply = await ctx.http.request({
        method: 'GET',
        path: hooksOf(ctx),
        query: { per_page: '100', page },
        headers: API_HEADERS,
      })
      return { page: hooksIn(reply), next: nextIn(reply.headers.link, 'page') }
    })
    for await (const hooks of pages) found.push(...hooks)
    return found
  },
  async mend(ctx, own, found) {
    const change = async (method: string, path: string, json: object): Promise<void> => {
      jsonOf(await ctx.http.request({ method, path: hooksOf(ctx) + path, json, headers: API_HEADERS }))
    }
    const config = { url: own.url, content_type: 'json', insecure_ssl: '0', secret: own.secret.reveal() }
    const kept = best(found, own.url)
    if (!kept) {
      await change('POST', '', { name: 'web', active: true, events: EVENTS, config })
      return
    }
    // A hook that is changed as a whole loses a secret that is not in the change, so its config comes last.
    if (!kept.active) await change('PATCH', `/${kept.id}`, { active: true })
    await change('PATCH', `/${kept.id}/config`, config)
    // Two active hooks send everything twice. One is switched off, not deleted: what it has sent can still be read.
    for (const { id, active } of found)
      if (active && id !== kept.id) await change('PATCH', `/${id}`, { active: false })
  },
}

/** Whichever is nearest to what it shall be. */
function best(found: readonly Registered[], url: string): Registered | undefined {
  const rank = (hook: Registered): number => Number(hook.url === url) * 2 + Number(hook.active)
  return [...found].sort((a, b) => rank(b) - rank(a))[0]
}

function hooksIn(reply: Reply): Registered[] {
  const list = jsonOf(reply)
  if (!Array.isArray(list)) throw new UnexpectedAnswer(reply)
  return list.flatMap((hook: unknown) => {
    const [id, url] = [textOf(memberOf(hook, 'id')), textOf(memberOf(hook, 'config', 'url'))]
    if (id === undefined || url === undefined) return []
    const events: unknown = memberOf(hook, 'events')
    return [
      {
        id,
        url,
        events: Array.isArray(events) ? events.filter((event) => typeof event === 'string') : [],
        active: memberOf(hook, 'active') === true,
        // Shown as asterisks where there is one.
        signed: typeof memberOf(hook, 'config', 'secret') === 'string',
      },
    ]
  })
}
