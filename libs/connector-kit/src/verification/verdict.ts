/**
 * Why a delivery was refused. `signature_missing`, `_repeated`, `_malformed`: judged before any secret was used;
 * `unreadable_body`: what is signed cannot be made of it.
 */
export type Refusal =
  | 'no_secret'
  | 'signature_missing'
  | 'signature_repeated'
  | 'signature_malformed'
  | 'signature_mismatch'
  | 'timestamp_out_of_tolerance'
  | 'unreadable_body'

/** Verified or not. There is no third way, and none to skip the question. */
export type Verdict = { ok: true } | { ok: false; reason: Refusal }

export const accepted: Verdict = { ok: true }
export const refused = (reason: Refusal): Verdict => ({ ok: false, reason })
