import { BodyBroken, BodyGone, BodyStoreUnavailable } from './body-store.ts'

/** A store that hangs is a store that is away: ingest must answer within five seconds (security.md 1.3). */
export async function inTime<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const abort = new AbortController()
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      abort.abort()
      reject(new BodyStoreUnavailable(`no answer within ${ms} ms`))
    }, ms)
  })
  try {
    return await Promise.race([work(abort.signal), late])
  } catch (error) {
    if (error instanceof BodyStoreUnavailable || error instanceof BodyGone || error instanceof BodyBroken)
      throw error
    throw new BodyStoreUnavailable((error as NodeJS.ErrnoException).code ?? 'an operation failed', error)
  } finally {
    clearTimeout(timer)
  }
}
