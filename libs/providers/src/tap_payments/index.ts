import { defineConnector, field, secret } from '@app/connector-kit'
import { webhooks } from './webhook.ts'

export const tapPayments = defineConnector({
  manifest: {
    id: 'tap_payments',
    name: { en: 'Tap Payments', ar: 'تاب للمدفوعات' },
    category: 'payment',
    lifecycle: 'stable',
    mena: true,
    docs: 'https://developers.tap.company',
    authMethod: 'api_key',
  },
  credentials: {
    secret_key: secret({
      label: { en: 'Secret key', ar: 'المفتاح السري' },
      help: {
        en: 'Begins with sk_test_ or sk_live_. Tap dashboard → goSell → API credentials. It also verifies webhooks.',
        ar: 'يبدأ بـ sk_test_ أو sk_live_. تجده في لوحة تاب ← goSell ← بيانات الربط. وبه يُتحقق أيضًا من الإشعارات.',
      },
      pattern: /^sk_(test|live)_[A-Za-z0-9]{16,64}$/,
      mode: (value) => (value.startsWith('sk_live_') ? 'live' : 'test'),
    }),
    publishable_key: field({
      label: { en: 'Publishable key', ar: 'المفتاح العام' },
      help: {
        en: 'Begins with pk_test_ or pk_live_. Only pages in the browser need it.',
        ar: 'يبدأ بـ pk_test_ أو pk_live_. لا تحتاج إليه إلا صفحات المتصفح.',
      },
      pattern: /^pk_(test|live)_[A-Za-z0-9]{16,64}$/,
      optional: true,
      mode: (value) => (value.startsWith('pk_live_') ? 'live' : 'test'),
    }),
    merchant_id: field({
      label: { en: 'Merchant id', ar: 'رقم التاجر' },
      help: {
        en: 'Digits. Needed when one key serves several merchants or countries.',
        ar: 'أرقام. يلزم عندما يخدم المفتاح الواحد عدة تجار أو بلدان.',
      },
      pattern: /^\d{1,20}$/,
      optional: true,
    }),
  },
  auth: { kind: 'bearer', token: 'secret_key' },
  // One address for test and live: the key decides, and the answer's `live_mode` tells.
  endpoints: [{ url: 'https://api.tap.company/v2' }],
  capabilities: [],
  operations: {},
  amounts: { wire: 'decimal_number' },
  webhooks,
  async health({ http }) {
    const reply = await http.request({ method: 'POST', path: '/charges/list', json: { limit: '1' } })
    if (reply.status === 401) return { ok: false, detail: 'credentials_rejected' }
    return reply.status < 500 ? { ok: true } : { ok: false, detail: 'provider_error' }
  },
  classify({ status }) {
    if (status < 400) return null
    if (status === 401) return { code: 'connection_unauthorized', retry: 'after_fix', effect: 'none' }
    if (status === 429) return { code: 'rate_limited', retry: 'same', effect: 'none' }
    if (status >= 500) return { code: 'provider_error', retry: 'same', effect: 'unknown' }
    return { code: 'invalid_request', retry: 'after_fix', effect: 'none' }
  },
})
