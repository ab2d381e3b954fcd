import { type CalledRequest, UuidPath } from '@app/http'
import { sha256 } from '@app/secrets'
import type { Asked } from '../claim/claim.ts'
import { fingerprintOf } from '../key/fingerprint.ts'

/** A request as its key knows it. Whose it is, the guard has found out. */
export function askedBy(request: CalledRequest, key: string): Asked {
  const { caller, method, routeOptions, query, body } = request
  const { p, ...params } = request.params as Record<string, string>
  if (p === undefined || !caller) throw new Error('a call under a key is one of a project')
  return {
    projectId: new UuidPath().transform(p),
    environment: caller.environment,
    route: `${method} ${routeOptions.url}`,
    keyHash: sha256(key),
    fingerprint: fingerprintOf({ params, query, body }),
  }
}
