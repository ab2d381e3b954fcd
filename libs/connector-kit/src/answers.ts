import type { Connector, ProviderProblem, Reply } from './connector.ts'

/** The provider answered, but not with what it was asked for. Nothing of the answer but its status can be read from it. */
export class UnexpectedAnswer extends Error {
  readonly status: number
  /** For logs, which show no messages. */
  readonly code: string
  readonly #reply: Reply

  constructor(reply: Reply) {
    super(`the provider answered ${reply.status}, which is not what it was asked for`)
    this.name = 'UnexpectedAnswer'
    this.status = reply.status
    this.code = `status_${reply.status}`
    this.#reply = reply
  }

  /** What the connector says of the answer; one that it finds nothing wrong with could not be read. */
  weighedBy({ classify }: Pick<Connector, 'classify'>): ProviderProblem {
    return classify(this.#reply) ?? { code: 'provider_error', retry: 'same', effect: 'none' }
  }
}

/** What a good answer (2xx) says, in JSON; any other is an {@link UnexpectedAnswer}. */
export function jsonOf(reply: Reply): unknown {
  if (reply.status < 200 || reply.status > 299) throw new UnexpectedAnswer(reply)
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
