import Negotiator from 'negotiator'
import type { Language } from './text.ts'

/** What the caller reads: Arabic where `Accept-Language` prefers it, else English. */
export function languageOf(headers: Readonly<Record<string, string | string[] | undefined>>): Language {
  const header = headers['accept-language']
  if (typeof header !== 'string' || header.length > 1_000) return 'en'
  // `ar-EG` counts as `ar`: the negotiator matches whole tags, so regions are cut off first.
  const plain = header.replace(/([a-zA-Z]{2,3})-[a-zA-Z0-9-]+/g, '$1')
  const [first] = new Negotiator({ headers: { 'accept-language': plain } }).languages(['en', 'ar'])
  return first === 'ar' ? 'ar' : 'en'
}
