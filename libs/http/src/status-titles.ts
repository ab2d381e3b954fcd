import type { Text } from './text.ts'

/** RFC 9457 `title`: the same for every problem of one status. */
const titles: Readonly<Record<number, Text>> = {
  400: { en: 'Unreadable request', ar: 'طلب غير مقروء' },
  401: { en: 'Not authenticated', ar: 'غير مصادق عليه' },
  402: { en: 'Payment refused', ar: 'رُفض الدفع' },
  403: { en: 'Not allowed', ar: 'غير مسموح' },
  404: { en: 'Not found', ar: 'غير موجود' },
  405: { en: 'Method not allowed', ar: 'الطريقة غير مسموحة' },
  408: { en: 'Too slow', ar: 'انتهت مهلة الطلب' },
  409: { en: 'Conflict', ar: 'تعارض' },
  410: { en: 'Gone', ar: 'لم يعد موجودًا' },
  413: { en: 'Too large', ar: 'حجم زائد' },
  415: { en: 'Unsupported content', ar: 'محتوى غير مدعوم' },
  422: { en: 'Unacceptable values', ar: 'قيم غير مقبولة' },
  424: { en: 'The provider refused', ar: 'رفض مزود الخدمة' },
  429: { en: 'Too many requests', ar: 'طلبات كثيرة جدًا' },
  431: { en: 'Headers too large', ar: 'ترويسات كبيرة جدًا' },
  500: { en: 'Internal error', ar: 'خطأ داخلي' },
  502: { en: 'Provider error', ar: 'خطأ لدى مزود الخدمة' },
  503: { en: 'Unavailable', ar: 'غير متاح' },
  504: { en: 'Provider timed out', ar: 'انتهت مهلة مزود الخدمة' },
}

export function titleOf(status: number): Text {
  return titles[status] ?? (status < 500 ? titles[400]! : titles[500]!)
}
