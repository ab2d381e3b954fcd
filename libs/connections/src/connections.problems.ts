import { problem } from '@app/http'

export const ProviderInactive = problem('provider_inactive', 422, {
  en: '"{provider}" is in the catalogue but not switched on here.',
  ar: '«{provider}» موجود في الدليل لكنه غير مفعّل هنا.',
})
export const NoConnector = problem('unsupported', 422, {
  en: 'This build has no connector for "{provider}".',
  ar: 'لا يوجد في هذا الإصدار موصِّل لـ«{provider}».',
})
export const CredentialsRejected = problem('credentials_rejected', 422, {
  en: 'The provider refused these credentials. Nothing was stored. Check them in its dashboard and try again.',
  ar: 'رفض مزود الخدمة بيانات الدخول هذه، ولم يُحفظ شيء. تحقق منها في لوحة التحكم لديه ثم أعد المحاولة.',
})
export const AliasTaken = problem('conflict', 409, {
  en: 'Another live connection of this provider and environment has this alias.',
  ar: 'هذا الاسم المستعار مستخدم لاتصال آخر قائم بالمزود نفسه وفي البيئة نفسها.',
})
export const QuotaExceeded = problem('quota_exceeded', 422, {
  en: 'A project has {limit} live connections at most in "{environment}". Disconnect some that are no longer used.',
  ar: 'الحد الأقصى لاتصالات المشروع القائمة في البيئة «{environment}» هو {limit}. افصل ما لم يعد مستخدمًا منها.',
})
export const NotNow = problem('conflict', 409, {
  en: 'This cannot be done while the connection is "{status}".',
  ar: 'لا يمكن تنفيذ ذلك والاتصال في حالة «{status}».',
})
export const NotUsable = problem('invalid_state', 409, {
  en: 'This connection is "{status}", so nothing is sent over it. `available_actions` says what helps.',
  ar: 'هذا الاتصال في حالة «{status}»، فلا يُرسل عبره شيء. تجد في `available_actions` ما يصلحه.',
})
