import type { Webhooks } from '@app/connector-kit'
import type { Text } from '@app/http'
import type { Reason, State } from './registration-state.ts'

const BY_STATE: Partial<Record<State, Text>> = {
  missing: {
    en: 'No webhook at the provider leads here, so nothing arrives.',
    ar: 'لا يوجد لدى مزود الخدمة أي webhook يقود إلى هذا العنوان، فلا يصل شيء.',
  },
  other_address: {
    en: 'The webhook at the provider leads to an address of this connection that was replaced; it is honoured for 24 hours only.',
    ar: 'يقود الـwebhook لدى مزود الخدمة إلى عنوان سابق لهذا الاتصال استُبدل، ولا يُقبل إلا لمدة 24 ساعة.',
  },
  inactive: {
    en: 'The webhook at the provider is switched off.',
    ar: 'الـwebhook معطّل لدى مزود الخدمة.',
  },
  unsigned: {
    en: 'The webhook at the provider has no secret, so whatever it sends is refused.',
    ar: 'ليس للـwebhook لدى مزود الخدمة سر، ولذلك يُرفض كل ما يرسله.',
  },
  duplicate: {
    en: 'More than one active webhook at the provider leads here, so everything is sent twice.',
    ar: 'يقود إلى هنا أكثر من webhook مفعّل لدى مزود الخدمة، فيُرسل كل شيء مرتين.',
  },
}

const BY_REASON: Record<Exclude<Reason, 'config_missing' | 'not_allowed'>, Text> = {
  never_checked: {
    en: 'Not checked yet. Ask now: POST …/webhook/check.',
    ar: 'لم يُفحص بعد. اطلب الفحص الآن عبر ‎POST …/webhook/check.',
  },
  not_connected: {
    en: 'The connection is not connected, so the provider cannot be asked.',
    ar: 'الاتصال غير قائم، فلا يمكن سؤال مزود الخدمة.',
  },
  no_webhooks: {
    en: 'This build takes no webhooks of this provider.',
    ar: 'لا يستقبل هذا الإصدار إشعارات من هذا المزود.',
  },
  credentials_rejected: {
    en: 'The provider refused the credentials. Enter valid ones: PUT …/credentials.',
    ar: 'رفض مزود الخدمة بيانات الدخول. أدخل بيانات صالحة عبر ‎PUT …/credentials.',
  },
}

const NOT_ALLOWED: Text = {
  en: 'The provider does not show its webhooks to these credentials. Check their rights, and where it is said where to look.',
  ar: 'لا يعرض مزود الخدمة الـwebhooks على حامل بيانات الدخول هذه. تحقق من صلاحياتها ومن المكان المحدد للبحث.',
}
const MEND: Text = {
  en: 'Mend it: POST …/webhook/mend, or by hand:',
  ar: 'أصلحه عبر ‎POST …/webhook/mend، أو يدويًا:',
}

/** null: nothing is to be done. */
export function whatToDo(
  { state, reason, canBeMended }: { state: State; reason: Reason | null; canBeMended: boolean },
  webhooks: Webhooks | undefined,
): Text | null {
  const { setup, needs } = webhooks ?? {}
  if (state === 'in_order') return null
  if (state === 'per_call' || state === 'by_hand') return setup ?? null
  if (state === 'unknown') {
    if (reason === 'config_missing') return needs?.help ?? null
    if (reason === 'not_allowed') return joined(NOT_ALLOWED, needs?.help)
    return BY_REASON[reason ?? 'never_checked']
  }
  return joined(BY_STATE[state], canBeMended ? MEND : undefined, setup)
}

function joined(...texts: (Text | undefined)[]): Text {
  const said = texts.filter((text) => text !== undefined)
  return { en: said.map(({ en }) => en).join(' '), ar: said.map(({ ar }) => ar).join(' ') }
}
