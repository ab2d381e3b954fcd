import { problem } from '@app/http'

export const NotNow = problem('invalid_state', 409, {
  en: 'This cannot be done while the destination is "{status}".',
  ar: 'لا يمكن تنفيذ ذلك والوجهة في حالة «{status}».',
})
export const QuotaExceeded = problem('quota_exceeded', 422, {
  en: 'A project has {limit} destinations at most in "{environment}". Delete some that are no longer used.',
  ar: 'الحد الأقصى لوجهات المشروع في البيئة «{environment}» هو {limit}. احذف ما لم يعد مستخدمًا منها.',
})
