import { expect, test } from '@jest/globals'
import type { Settings } from '@app/config'
import { residencyProblem } from './residency.ts'

const LOCAL = 'file:///bodies'
const BAHRAIN = 's3://b?region=me-south-1'

test.each<[string, string[], string | undefined, string, boolean]>([
  ['nothing asked', [], undefined, LOCAL, true],
  ['unknown where', ['SA'], undefined, LOCAL, false],
  ['there', ['AE', 'SA'], 'SA', LOCAL, true],
  ['elsewhere', ['EG'], 'SA', LOCAL, false],
  ['rows there, bodies elsewhere', ['SA'], 'SA', BAHRAIN, false],
  ['both in the list', ['SA', 'BH'], 'SA', BAHRAIN, true],
  ['bodies there, rows unknown', ['BH'], undefined, BAHRAIN, false],
  ['a bucket in the United States', ['SA'], 'SA', 's3://b?region=us-east-1', false],
  [
    'AWS named by its endpoint',
    ['SA'],
    'SA',
    's3://b?region=eu-west-1&endpoint=https://s3.eu-west-1.amazonaws.com',
    false,
  ],
  [
    'a store of one’s own, whose region is only a word',
    ['SA'],
    'SA',
    's3://b?region=us-east-1&endpoint=http://minio:9000',
    true,
  ],
])('residency: %s', (_, allowed, country, store, met) => {
  const settings = { get: () => country, bodyStoreUrl: new URL(store) } as unknown as Settings
  expect(residencyProblem(settings, allowed) === null).toBe(met)
})
