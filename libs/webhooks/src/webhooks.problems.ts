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
// 503, not 422: it is the platform that lies in the wrong country, and a sender that hears 4xx does not come again.
export const HeldOff = problem('residency_unmet', 503, {
  en: 'This platform may not keep the data of this project where it runs now. Nothing was kept; send it again later.',
  ar: 'لا يجوز لهذه المنصة حفظ بيانات هذا المشروع في المكان الذي تعمل فيه الآن. لم يُحفظ شيء؛ أعد الإرسال لاحقًا.',
})
export const NotFinished = problem('invalid_state', 409, {
  en: 'This event is {status}: it is going to be processed anyway. Replay it once it has ended.',
  ar: 'حالة هذا الحدث {status}، وستجري معالجته على أي حال. أعد تشغيله بعد أن تنتهي.',
})
export const TooManyReplays = problem('conflict', 409, {
  en: 'There are {limit} replays of this project under way already. Wait for one to end, or cancel one.',
  ar: 'هناك بالفعل {limit} عمليات إعادة تشغيل جارية لهذا المشروع. انتظر انتهاء إحداها أو ألغِها.',
})
export const NoWebhookApi = problem('unsupported', 422, {
  en: 'The webhook address of this provider cannot be set from here. `what_to_do` of GET …/webhook says what to do there.',
  ar: 'لا يمكن ضبط عنوان الـwebhook لدى هذا المزود من هنا. تجد في `what_to_do` من ‎GET …/webhook‎ ما يلزم فعله لديه.',
})
export const NotAskable = problem('invalid_state', 409, {
  en: 'The provider cannot be asked about webhooks over this connection yet. `what_to_do` of GET …/webhook says what is missing.',
  ar: 'لا يمكن بعد سؤال مزود الخدمة عن الـwebhooks عبر هذا الاتصال. تجد في `what_to_do` من ‎GET …/webhook‎ ما ينقصه.',
})
export const SecretMissing = problem('invalid_state', 409, {
  en: 'Without `{field}` no delivery would be accepted. Enter it first (PUT …/credentials); it is then put at the provider too.',
  ar: 'لن يُقبل أي إشعار من دون `{field}`. أدخله أولًا عبر ‎PUT …/credentials، ثم يُضبط لدى مزود الخدمة أيضًا.',
})
export const WebhooksHidden = problem('connection_unauthorized', 424, {
  en: 'The provider does not let these credentials see or change its webhooks. `what_to_do` of GET …/webhook says which rights they need.',
  ar: 'لا يسمح مزود الخدمة لحامل بيانات الدخول هذه برؤية الـwebhooks أو تغييرها. تجد في `what_to_do` من ‎GET …/webhook‎ الصلاحيات اللازمة.',
})
export const BeingMended = problem('conflict', 409, {
  en: 'Somebody is mending this webhook right now. Look again in a moment: GET …/webhook.',
  ar: 'يجري إصلاح هذا الـwebhook الآن. تحقق بعد لحظات عبر ‎GET …/webhook.',
})
