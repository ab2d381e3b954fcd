import type { Sql } from '@app/database'
import { AttemptFailed } from './event-work.ts'

/**
 * Lends a transaction for a visit of `ms` at most. Who stays longer has failed, and finds the door shut when it comes
 * back: the connection serves another by then.
 */
export async function visit<T>({ query }: Sql, ms: number, work: (unit: Sql) => Promise<T>): Promise<T> {
  let over = false
  const ask = (...asked: Parameters<Sql['query']>): unknown => {
    if (over) return Promise.reject(new Error('this transaction has ended'))
    return query(...asked)
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AttemptFailed('handler_timeout'))
    }, ms)
  })
  try {
    return await Promise.race([work({ query: ask as Sql['query'] }), late])
  } finally {
    over = true
    clearTimeout(timer)
  }
}
