import { problem } from './problem.ts'

export const InvalidJson = problem('invalid_request', 400, {
  en: 'The body is not valid JSON. Send one JSON object in UTF-8.',
  ar: 'نص الطلب ليس JSON صالحًا. أرسل كائن JSON واحدًا بترميز UTF-8.',
})
export const InvalidQuery = problem('invalid_request', 400, {
  en: 'The query or a header cannot be read. `errors` names each part.',
  ar: 'تعذرت قراءة معاملات الطلب أو ترويساته. تجد في `errors` كل جزء منها.',
})
export const InvalidFields = problem('invalid_request', 422, {
  en: 'Some fields are missing or wrong. `errors` names each of them.',
  ar: 'بعض الحقول ناقصة أو غير صحيحة. تجد في `errors` بيان كل حقل.',
})
export const Unauthorized = problem('unauthorized', 401, {
  en: 'A valid key is needed: `Authorization: Bearer KEY`.',
  ar: 'يلزم مفتاح صالح في الترويسة: ‎`Authorization: Bearer KEY`‎.',
})
export const Forbidden = problem('forbidden', 403, {
  en: 'This key lacks the scope "{scope}".',
  ar: 'هذا المفتاح لا يملك الصلاحية «{scope}».',
})
export const NotFound = problem('not_found', 404, {
  en: 'There is nothing here. Check the address and the id.',
  ar: 'لا يوجد شيء هنا. تحقق من العنوان والمعرّف.',
})
export const MethodNotAllowed = problem('method_not_allowed', 405, {
  en: 'This address does not take {method}. It takes: {allowed}.',
  ar: 'هذا العنوان لا يقبل {method}، بل يقبل: {allowed}.',
})
export const Conflict = problem('conflict', 409, {
  en: 'This is in conflict with what exists: {what}.',
  ar: 'يتعارض هذا مع ما هو موجود: {what}.',
})
export const PayloadTooLarge = problem('payload_too_large', 413, {
  en: 'The body is larger than the {limit} bytes that are accepted here.',
  ar: 'حجم نص الطلب أكبر من {limit} بايت، وهو الحد المقبول هنا.',
})
export const UnsupportedMediaType = problem('unsupported_media_type', 415, {
  en: 'This content type or encoding is not accepted here. Send {accepted}.',
  ar: 'نوع المحتوى أو ترميزه غير مقبول هنا. أرسل {accepted}.',
})
export const UnreadableRequest = problem('invalid_request', 400, {
  en: 'This is not a readable HTTP request.',
  ar: 'هذا ليس طلب HTTP مقروءًا.',
})
export const RequestTimedOut = problem('request_timeout', 408, {
  en: 'The request did not arrive in time: 10 seconds for the headers, 30 for all of it.',
  ar: 'لم يصل الطلب في الوقت المحدد: 10 ثوانٍ للترويسات و30 ثانية للطلب كله.',
})
export const RateLimited = problem('rate_limited', 429, {
  en: 'Too many requests. Try again in {seconds} seconds.',
  ar: 'الطلبات كثيرة جدًا. أعد المحاولة بعد {seconds} ثانية.',
})
export const HeadersTooLarge = problem('headers_too_large', 431, {
  en: 'The headers are larger than accepted: 16 KiB and 100 lines.',
  ar: 'الترويسات أكبر من المسموح: 16 كيبيبايت و100 سطر.',
})
export const Internal = problem('internal', 500, {
  en: 'Something failed on our side. Quote the request id when you report it.',
  ar: 'حدث خلل من جانبنا. اذكر رقم الطلب عند الإبلاغ عنه.',
})
export const Unavailable = problem('unavailable', 503, {
  en: 'The platform cannot do this right now. Try again in {seconds} seconds; nothing was kept.',
  ar: 'لا تستطيع المنصة تنفيذ ذلك الآن. أعد المحاولة بعد {seconds} ثانية؛ ولم يُحفظ شيء.',
})
