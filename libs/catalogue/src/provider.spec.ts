import { expect, test } from '@jest/globals'
import { Provider, type ProvidersFilter } from './provider.ts'

const provider = (fields: Partial<Provider>): Provider =>
  Object.assign(new Provider(), {
    category: 'payment',
    capabilities: { refunds: true },
    payment_capabilities: ['mada'],
    supported_countries: ['SA'],
    supported_currencies: ['SAR'],
    is_mena_provider: true,
    is_active: true,
    ...fields,
  })

test.each<[ProvidersFilter, Partial<Provider>, boolean]>([
  [{}, {}, true],
  [{ country: 'sa' }, {}, true],
  [{ country: 'EG' }, {}, false],
  [{ country: 'EG' }, { supported_countries: null }, true],
  [{ country: 'EG' }, { supported_countries: [] }, true],
  [{ currency: 'kwd' }, {}, false],
  [{ currency: 'sar' }, {}, true],
  [{ capability: 'mada' }, {}, true],
  [{ capability: 'refunds' }, {}, true],
  [{ capability: 'toString' }, {}, false],
  [{ category: 'logistics' }, {}, false],
  [{ category: 'payment' }, { category: null }, false],
  [{ mena: false }, {}, false],
  [{ active: true }, { is_active: false }, false],
  [{ country: 'SA', capability: 'knet' }, {}, false],
])('%j of %j: %s', (filter, fields, answer) => {
  expect(provider(fields).answers(filter)).toBe(answer)
})
