import type { Reply } from './connector.ts'

/** The provider answered, but not with what it was asked for. Holds nothing of the answer but its status. */
export class UnexpectedAnswer extends Error {
  constructor(readonly status: number) {
    super(`the provider answered ${status}, which is not what it was asked for`)
    this.name = 'UnexpectedAnswer'
  }
}

/** What a good answer (2xx) says, in JSON; any other is an {@link UnexpectedAnswer}. */
export function jsonOf(reply: Reply): unknown {
  if (reply.status < 200 || reply.status > 299) throw new UnexpectedAnswer(reply.status)
  return reply.json()
}

type Source = { source?: string } | undefined

/**
 * The same, where every number comes out of `JSON.stringify` as it stands in the text: one that JavaScript would round
 * keeps its digits. To read one, ask {@link digitsOf}.
 */
export function exactJsonOf(reply: Reply): unknown {
  jsonOf(reply)
  return JSON.parse(reply.text, (_name: string, value: unknown, at?: Source) => {
    const digits = typeof value === 'number' ? at?.source : undefined
    if (digits === undefined || digits === String(value)) return value
    return (JSON as unknown as RawJson).rawJSON(digits)
  })
}

/** The digits of a number out of {@link exactJsonOf}; undefined for anything else. */
export function digitsOf(value: unknown): string | undefined {
  const text = (JSON.stringify(value) as string | undefined) ?? ''
  return /^\d{1,30}$/.test(text) ? text : undefined
}

/** The runtime has it; the compiler's library does not know it yet. */
interface RawJson {
  rawJSON(text: string): unknown
}
