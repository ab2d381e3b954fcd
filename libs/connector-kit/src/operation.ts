import type { Ctx } from './connector.ts'
import type { Fields } from './credentials.ts'

/**
 * How an operation may be sent again (unified-models.md 2.5): it only reads; the provider does it once by our key; it is
 * looked up by our reference first; or never.
 */
export type Replay =
  | { kind: 'read' }
  | { kind: 'native'; windowS?: number }
  | { kind: 'lookup'; find: string }
  | { kind: 'never' }

/** One thing that a provider can do. Throws what the egress throws. */
export interface Operation<In = never, Out = unknown, F extends Fields = Fields> {
  replay: Replay
  run(input: In, ctx: Ctx<F>): Promise<Out>
}
