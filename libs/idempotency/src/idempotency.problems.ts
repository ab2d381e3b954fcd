import { problem } from '@app/http'

export const KeyReused = problem('idempotency_key_reused', 422, {
  en: 'This `Idempotency-Key` was used for another request. Send the first one again as it was, or take a new key.',
  ar: 'استُخدم مفتاح `Idempotency-Key` هذا مع طلب آخر. أعد إرسال الطلب الأول كما كان، أو استخدم مفتاحًا جديدًا.',
})
export const InProgress = problem('in_progress', 409, {
  en: 'The first request with this `Idempotency-Key` has no final answer yet. Send it again as it is in {seconds} seconds.',
  ar: 'لم يكتمل بعد الرد على الطلب الأول بمفتاح `Idempotency-Key` هذا. أعد إرساله كما هو بعد {seconds} ثانية.',
})
