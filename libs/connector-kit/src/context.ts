import { amountIn, amountOut } from './amount-rule.ts'
import type { Connector, Ctx } from './connector.ts'
import type { Fields } from './credentials.ts'

type Given = Pick<Ctx, 'http' | 'creds' | 'config' | 'environment' | 'mode'> &
  Partial<Pick<Ctx, 'region' | 'key' | 'webhookUrl' | 'now'>>

/** What the platform lends a connector: what is given, and what follows from the connector's own declarations. */
export function ctxOf<F extends Fields>(connector: Pick<Connector<F>, 'amounts'>, given: Given): Ctx {
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
