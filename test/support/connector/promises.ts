import { amountIn, amountOut, type Connector, currencies } from '@app/connector-kit'
import type { Fixture } from './fixtures.ts'
import { type Question, unless } from './question.ts'

/** What is promised is built, what is built is recorded, and money comes back as it went. */
export function promiseQuestions(
  { manifest, capabilities, operations, amounts }: Connector,
  fixtures: readonly Fixture[],
): Question[] {
  const built = Object.keys(operations)
  const exchanges = fixtures.filter((fixture) => fixture.kind === 'exchange')
  return [
    {
      asks: 'says how it writes amounts, if it takes money',
      objections: () =>
        unless(
          manifest.category !== 'payment' || amounts !== undefined,
          'amounts: how are they written? minor_integer, decimal_string or decimal_number.',
        ),
    },
    {
      asks: 'promises only what is implemented',
      objections: () =>
        capabilities
          .filter(({ operation }) => !built.includes(operation))
          .map(
            ({ operation }) => `A row promises ${operation}: implement it in operations, or drop the row.`,
          ),
    },
    {
      asks: 'implements only what is recorded',
      objections: () => [
        ...built
          .filter((name) => !exchanges.some(({ operation }) => operation === name))
          .map((name) => `${name}: record a call and its answer in fixtures/, kind "exchange".`),
        ...exchanges.flatMap(({ name, operation, request, reply }) => [
          ...unless(built.includes(operation), `fixtures/${name}.json: ${operation} is not implemented.`),
          ...unless(
            Boolean(request?.method && request.path) && Number.isInteger(reply?.status),
            `fixtures/${name}.json: an exchange is a pair: request {method, path} and reply {status, body}.`,
          ),
        ]),
      ],
    },
    ...(amounts
      ? [
          moneyQuestion(
            amounts,
            capabilities.flatMap((row) => row.currencies ?? []),
          ),
        ]
      : []),
  ]
}

function moneyQuestion(amounts: NonNullable<Connector['amounts']>, named: readonly string[]): Question {
  return {
    asks: 'lets every amount survive out and in, in every currency of its rows',
    objections: () =>
      (named.length > 0 ? [...new Set(named)] : currencies).flatMap((currency) => {
        const declared = amounts.step?.[currency] ?? 1
        if (!Number.isSafeInteger(declared) || declared < 1) {
          return [`amounts.step.${currency}: a whole number of minor units, 1 or more.`]
        }
        for (const units of [0n, 1n, 9n, 10n, 1_001n, 12_500n, 999_999_999_999n]) {
          const amount = units * BigInt(declared)
          try {
            const back = amountIn(amountOut({ amount, currency }, amounts), currency, amounts).amount
            if (back !== amount) return [`amounts: ${amount} ${currency} comes back as ${back}.`]
          } catch (error) {
            return [
              `amounts: ${amount} ${currency} in minor units cannot be said (${String(error)}). Fewer digits than ISO's need a step.`,
            ]
          }
        }
        return []
      }),
  }
}
