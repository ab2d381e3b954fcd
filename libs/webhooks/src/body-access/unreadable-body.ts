import { BodyBroken, BodyGone, BodyStoreUnavailable } from '@app/bodies'
import { Unavailable } from '@app/http'
import { BodyExpired, BodyIntegrity } from '../webhooks.problems.ts'

/** Why a body cannot be read, in the words of the API; anything else stays what it is. */
export function asBodyProblem(error: unknown): never {
  if (error instanceof BodyBroken) throw BodyIntegrity()
  if (error instanceof BodyGone) throw BodyExpired()
  if (error instanceof BodyStoreUnavailable)
    throw Unavailable({ values: { seconds: 5 }, headers: { 'retry-after': '5' } })
  throw error
}
