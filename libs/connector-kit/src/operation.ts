import type { Ctx, ProviderProblem } from './connector.ts'
import type { Fields } from './credentials.ts'
import type { PaymentOperations } from './payments.ts'

/**
 * How an operation may be sent again (unified-models.md 2.5): it only reads; the provider does it once by our key, for so
 * long; it is looked up by another operation first; or never.
 */
export type Replay =
  | { kind: 'read' }
  | { kind: 'native'; windowS?: number }
  | { kind: 'lookup'; find: string }
  | { kind: 'never' }

/**
 * One thing that a provider can do. In it, `ctx.http` throws {@link ProviderFailure} for an answer that the connector's own
 * `classify` calls an error, and what the egress throws where there is no answer.
 */
export interface Operation<In = never, Out = unknown, F extends Fields = Fields> {
  replay: Replay
  run(input: In, ctx: Ctx<F>): Promise<Out>
}

/** Every operation that shared code knows, by its name. */
export type OperationMap = PaymentOperations
export type OperationName = keyof OperationMap
export type OperationOf<N extends OperationName> = Operation<OperationMap[N]['in'], OperationMap[N]['out']>

/** What a connector implements; an operation that is absent is unsupported. */
export type Operations = { readonly [N in OperationName]?: OperationOf<N> } & Readonly<
  Record<string, Operation | undefined>
>

/** The provider answered, and the answer is an error. Holds nothing of the answer but its status and a native code. */
export class ProviderFailure extends Error {
  constructor(
    readonly problem: ProviderProblem,
    readonly status: number,
  ) {
    super(`${problem.code}${problem.reason ? ` (${problem.reason})` : ''}`)
    this.name = 'ProviderFailure'
  }
}
