import type { EgressFailure, FailureCode } from '@app/egress'
import { type Problem, problem, type ProblemKind } from '@app/http'

const InvalidCall = problem('invalid_request', 422, {
  en: 'This call cannot be sent to the provider as it is. Check the path; it must stay under the provider’s base address.',
  ar: 'لا يمكن إرسال هذا الطلب إلى مزود الخدمة كما هو. تحقق من المسار، فلا يجوز أن يخرج عن العنوان الأساسي للمزود.',
})
const Unspoken = problem('unsupported', 422, {
  en: 'This build cannot prove itself to the provider in the way that it asks for.',
  ar: 'لا يدعم هذا الإصدار طريقة التحقق من الهوية التي يطلبها مزود الخدمة.',
})
const ConnectionUnauthorized = problem('connection_unauthorized', 424, {
  en: 'The provider does not take the credentials of this connection. Renew them: PUT …/credentials, or link the account again.',
  ar: 'لا يقبل مزود الخدمة بيانات دخول هذا الاتصال. جدّدها عبر PUT …/credentials أو اربط الحساب من جديد.',
})
const Paced = problem('rate_limited', 429, {
  en: 'This connection has reached the provider’s limit. Try again in {seconds} seconds.',
  ar: 'بلغ هذا الاتصال الحد الذي يسمح به مزود الخدمة. أعد المحاولة بعد {seconds} ثانية.',
})
const ProviderUnavailable = problem('provider_unavailable', 503, {
  en: 'The provider cannot be reached, and nothing was sent. Try again later.',
  ar: 'تعذّر الوصول إلى مزود الخدمة، ولم يُرسل شيء. أعد المحاولة لاحقًا.',
})
const ProviderTimeout = problem('provider_timeout', 504, {
  en: 'The provider did not answer in time. `effect` says whether something may have happened there.',
  ar: 'لم يرد مزود الخدمة في الوقت المحدد. تبيّن `effect` هل يُحتمل أن شيئًا قد نُفّذ لديه.',
})
const ProviderError = problem('provider_error', 502, {
  en: 'The provider’s answer could not be used. `effect` says whether something may have happened there.',
  ar: 'تعذّر الاستفادة من رد مزود الخدمة. تبيّن `effect` هل يُحتمل أن شيئًا قد نُفّذ لديه.',
})

const KINDS: Record<FailureCode, ProblemKind> = {
  // Which address it was, and why we do not go there, is nobody's business outside.
  refused_address: ProviderUnavailable,
  invalid_request: InvalidCall,
  unsupported: Unspoken,
  connection_unauthorized: ConnectionUnauthorized,
  rate_limited: Paced,
  provider_unavailable: ProviderUnavailable,
  provider_timeout: ProviderTimeout,
  provider_error: ProviderError,
}

/** Every way in which a call at a provider may fail, for whoever documents one. */
export const providerProblems: readonly ProblemKind[] = [...new Set(Object.values(KINDS))]

/** A failed call at a provider as our callers are told of it (unified-models.md 2.6). */
export function asProviderProblem(failure: EgressFailure, provider: string): Problem {
  const { code, retry, effect, status, retryAfter } = failure
  return KINDS[code]({
    values: { seconds: retryAfter ?? 1 },
    ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
    members: {
      retry,
      effect,
      ...(retryAfter !== undefined && { retry_after: retryAfter }),
      ...(status !== undefined && { provider_error: { provider, status } }),
    },
  })
}
