import { amountIn, amountOut } from './amount-rule.ts'
import type { Connector, Ctx } from './connector.ts'
import { ProviderFailure } from './operation.ts'
import type { Fields } from './credentials.ts'

type Given = Pick<Ctx, 'http' | 'creds' | 'config' | 'environment' | 'mode'> &
  Partial<Pick<Ctx, 'region' | 'key' | 'webhookUrl' | 'now'>>

/** What the platform lends a connector: what is given, and what follows from the connector's own declarations. */
export function ctxOf<F extends Fields, G extends Given>(
  connector: Pick<Connector<F>, 'amounts'>,
  given: G,
): Ctx & Pick<G, 'http'> {
  const { amounts: rule = { wire: 'minor_integer' } } = connector
  return {
    key: '',
    webhookUrl: null,
    now: () => new Date(),
    money: {
      out: (money) => amountOut(money, rule),
      in: (value, currency) => amountIn(value, currency, rule),
    },
    ...given,
  }
}

/**
 * The same for an operation: an answer that the connector calls an error is thrown as {@link ProviderFailure}, so that an
 * operation reads like its sunny side. `key`: what the provider is to do once for.
 */
export function forOperation<F extends Fields>(
  connector: Pick<Connector<F>, 'classify'>,
  ctx: Ctx,
  key = ctx.key,
): Ctx {
  return {
    ...ctx,
    key,
    http: {
      async request(call) {
        const reply = await ctx.http.request(call)
        const problem = connector.classify(reply)
        if (problem) throw new ProviderFailure(problem, reply.status)
        return reply
      },
    },
  }
}
