import { problem } from '@app/http'

export const SignatureInvalid = problem('signature_invalid', 401, {
  en: 'The signature does not fit ({reason}). Check that the provider and the connection hold the same secret.',
  ar: 'التوقيع غير مطابق ({reason}). تأكد من أن السر لدى مزود الخدمة هو نفسه المسجل في الاتصال.',
})
export const BodyExpired = problem('body_expired', 410, {
  en: 'The raw body is no longer kept: its retention is over.',
  ar: 'لم يعد النص الأصلي محفوظًا؛ فقد انتهت مدة حفظه.',
})
export const BodyIntegrity = problem('body_integrity', 409, {
  en: 'What is stored is not what came. It is not shown; the event itself is untouched.',
  ar: 'المحفوظ لا يطابق ما ورد، ولذلك لا يُعرض. أما الحدث نفسه فلم يتغير.',
})
export const ReasonMissing = problem('invalid_request', 400, {
  en: 'Say why you read this body: `?reason=…`. The reason is kept with the read.',
  ar: 'اذكر سبب الاطلاع على هذا النص: ‎`?reason=…`‎. ويُحفظ السبب مع سجل الاطلاع.',
})
export const StillRefused = problem('signature_invalid', 409, {
  en: 'It still does not verify ({reason}). Correct the secret of the connection first.',
  ar: 'ما زال التوقيع غير مطابق ({reason}). صحّح سر الاتصال أولًا.',
})
export const BodyCutOff = problem('invalid_request', 400, {
  en: 'The request ended before its whole body had arrived. Send it again.',
  ar: 'انقطع الطلب قبل وصول نصه كاملًا. أعد إرساله.',
})
