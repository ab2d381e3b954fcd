import type { Text } from '@app/http'

/** What a check's code means, and what to do about it. */
const WORDS: Readonly<Record<string, Text>> = {
  credentials_rejected: {
    en: 'The provider refused the credentials. Enter valid ones: PUT …/credentials.',
    ar: 'رفض مزود الخدمة بيانات الدخول. أدخل بيانات صالحة عبر ‎PUT …/credentials.',
  },
  provider_error: {
    en: 'The provider answered with an error, or with something that could not be read. It will be asked again.',
    ar: 'رد مزود الخدمة بخطأ أو برد لا يمكن قراءته. ستتكرر المحاولة.',
  },
  provider_timeout: {
    en: 'The provider did not answer in time. It will be asked again.',
    ar: 'لم يرد مزود الخدمة في الوقت المحدد. ستتكرر المحاولة.',
  },
  provider_unavailable: {
    en: 'The provider could not be reached. It will be asked again.',
    ar: 'تعذر الوصول إلى مزود الخدمة. ستتكرر المحاولة.',
  },
  refused_address: {
    en: 'The provider’s name leads to an address that may not be called. Ask whoever runs this platform: OUTBOUND_ALLOWED_CIDRS.',
    ar: 'يقود اسم مزود الخدمة إلى عنوان لا يُسمح بالاتصال به. راجع القائم على تشغيل المنصة: ‎OUTBOUND_ALLOWED_CIDRS.',
  },
  invalid_request: {
    en: 'The check could not be sent with these credentials. Enter them again: PUT …/credentials.',
    ar: 'تعذر إرسال الفحص ببيانات الدخول هذه. أعد إدخالها عبر ‎PUT …/credentials.',
  },
  unsupported: {
    en: 'This build cannot authenticate to the provider in the way it asks for.',
    ar: 'لا يدعم هذا الإصدار طريقة التحقق التي يطلبها مزود الخدمة.',
  },
}

/** null: nothing is wrong. A text that somebody else has noted stands for itself. */
export function wordsOf(message: string | null): ({ code: string } & Text) | null {
  if (message === null) return null
  return { code: message, ...(WORDS[message] ?? { en: message, ar: message }) }
}
