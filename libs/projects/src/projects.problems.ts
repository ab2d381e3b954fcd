import { problem } from '@app/http'

export const ResidencyUnmet = problem('residency_unmet', 422, {
  en: 'The data of this platform lie in "{country}", which is not among the countries of `data_residency`. Set DATA_COUNTRY, or widen the list.',
  ar: 'بيانات هذه المنصة محفوظة في «{country}»، وهو ليس من بلدان `data_residency`. اضبط DATA_COUNTRY أو وسّع القائمة.',
})
export const RetentionTooLong = problem('invalid_request', 422, {
  en: 'A project may keep things shorter than the platform, not longer. `errors` names each of them.',
  ar: 'يجوز للمشروع أن يحفظ بياناته مدة أقصر من مدة المنصة لا أطول. تجد التفصيل في `errors`.',
})
export const PlatformOnly = problem('forbidden', 403, {
  en: 'Only the admin key of the platform may do this; a project key works inside its own project.',
  ar: 'هذا متاح لمفتاح إدارة المنصة وحده؛ أما مفتاح المشروع فيعمل داخل مشروعه فقط.',
})
export const WholeProjectOnly = problem('forbidden', 403, {
  en: 'This concerns every environment, and this key works in "{environment}" only.',
  ar: 'هذا الإجراء يشمل كل البيئات، وهذا المفتاح يعمل في البيئة «{environment}» فقط.',
})
export const HostOwnsProjects = problem('conflict', 409, {
  en: 'Projects are made by the host application here; its table asks for more than a name.',
  ar: 'تُنشأ المشاريع هنا من التطبيق المضيف، وجدوله يطلب أكثر من الاسم.',
})
