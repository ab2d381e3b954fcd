import { defineConnector, memberOf, secret, textOf } from '@app/connector-kit'
import { API_HEADERS } from './api.ts'
import { webhooks } from './webhook.ts'

export const github = defineConnector({
  manifest: {
    id: 'github',
    name: { en: 'GitHub', ar: 'جيت هب' },
    category: 'development',
    lifecycle: 'stable',
    mena: false,
    docs: 'https://docs.github.com',
    authMethod: 'api_key',
  },
  credentials: {
    token: secret({
      label: { en: 'Personal access token', ar: 'رمز الوصول الشخصي' },
      help: {
        en: 'Begins with ghp_ or github_pat_. GitHub → Settings → Developer settings → Personal access tokens.',
        ar: 'يبدأ بـ ghp_ أو github_pat_. تجده في GitHub ← Settings ← Developer settings ← Personal access tokens.',
      },
      pattern: /^(ghp_|github_pat_|gho_|ghu_)\w{20,255}$/,
    }),
    webhook_secret: secret({
      label: { en: 'Webhook secret', ar: 'سر الإشعارات' },
      help: {
        en: 'The text that you also enter as "Secret" of the webhook at GitHub. Without it no delivery is accepted.',
        ar: 'النص نفسه الذي تدخله في خانة Secret عند إنشاء الـwebhook في GitHub. من دونه لا يُقبل أي إشعار.',
      },
      optional: true,
    }),
  },
  auth: { kind: 'bearer', token: 'token' },
  endpoints: [{ url: 'https://api.github.com' }],
  capabilities: [],
  operations: {},
  webhooks,
  async health({ http }) {
    const reply = await http.request({
      method: 'GET',
      path: '/user',
      headers: API_HEADERS,
    })
    if (reply.status === 401) return { ok: false, detail: 'credentials_rejected' }
    if (reply.status !== 200) return { ok: false, detail: 'provider_error' }
    const [id, name] = ['id', 'login'].map((member) => textOf(memberOf(reply.json(), member)))
    return { ok: true, ...(id && { account: { id, ...(name && { name }) } }) }
  },
  classify({ status, headers }) {
    if (status < 400) return null
    if (status === 401) return { code: 'connection_unauthorized', retry: 'after_fix', effect: 'none' }
    const limited =
      status === 403 && (headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0')
    if (status === 429 || limited) return { code: 'rate_limited', retry: 'same', effect: 'none' }
    if (status >= 500) return { code: 'provider_error', retry: 'same', effect: 'unknown' }
    return { code: status === 404 ? 'not_found' : 'invalid_request', retry: 'never', effect: 'none' }
  },
})
