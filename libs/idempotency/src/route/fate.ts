import type { Problem } from '@app/http'

/**
 * What becomes of a key whose handler did not end well:
 * `kept` – the refusal is the answer, also of every further request; `open` – it may have happened, so nothing more is
 * done under this key until that is known; `released` – nothing began, the key is free; `abandoned` – nobody knows how
 * far it came, and the same request may go on where it ended.
 */
export type Fate = 'kept' | 'open' | 'released' | 'abandoned'

/**
 * Decided by what unified-models.md 2.6 lets a problem say. As with the APIs that callers know: what is refused before
 * anything began (a broken field, a key that may not, too many requests, something that the caller is to mend first)
 * leaves no trace; what was carried out is kept, however it ended (a declined card stays declined under its key). A
 * fault of ours that does not say `effect: none` is no answer to keep for three days, nor may it be forgotten.
 */
export function fateOf(problem: Problem | null): Fate {
  if (problem === null) return 'abandoned'
  const { kind, circumstances } = problem
  const { effect, retry } = circumstances.members ?? {}
  if (effect === 'unknown') return 'open'
  if (effect === 'done') return 'kept'
  if (NOTHING_BEGAN.has(kind.status) || NEVER_ANSWERS.has(kind.code) || retry === 'after_fix')
    return 'released'
  if (kind.status < 500) return 'kept'
  return effect === 'none' ? 'released' : 'abandoned'
}

const NOTHING_BEGAN = new Set([401, 403, 429])
const NEVER_ANSWERS = new Set(['invalid_request', 'in_progress'])
