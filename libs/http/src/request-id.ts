import { randomUUID } from 'node:crypto'

const ACCEPTABLE = /^[A-Za-z0-9._-]{8,128}$/

/** The caller's own `x-request-id` where it is harmless to log, else a new one. */
export function requestId(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && ACCEPTABLE.test(given) ? given : randomUUID()
}
