/** `Idempotency-Key` for our own API: a request that is sent again is not carried out again. */
export { type Answer, placeOf as placeOfAnswer } from './claim/answer-vault.ts'
export { OpenKeys } from './claim/open-keys.ts'
export { IdempotencyModule } from './idempotency.module.ts'
export { InProgress, KeyReused } from './idempotency.problems.ts'
export { Idempotent, IdempotentRequest } from './route/idempotent.ts'
