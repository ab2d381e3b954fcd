import { expect, test } from '@jest/globals'
import {
  Forbidden,
  InvalidFields,
  InvalidJson,
  NotFound,
  problem,
  RateLimited,
  Unauthorized,
  Unavailable,
} from '@app/http'
import { InProgress } from '../idempotency.problems.ts'
import { fateOf } from './fate.ts'

const words = { en: 'Said by a test.', ar: 'يقوله اختبار.' }
const [declined, unauthorized, duplicate, invalidState, unavailable, timeout] = [
  problem('test_declined', 402, words),
  problem('test_connection_unauthorized', 424, words),
  problem('test_duplicate', 409, words),
  problem('test_invalid_state', 409, words),
  problem('test_unavailable', 503, words),
  problem('test_timeout', 504, words),
]

test.each([
  ['a broken field', InvalidFields(), 'released'],
  ['nonsense', InvalidJson(), 'released'],
  ['a key that is nobody', Unauthorized(), 'released'],
  ['a key that may not', Forbidden(), 'released'],
  ['too many requests', RateLimited({ members: { retry: 'same', effect: 'none' } }), 'released'],
  ['another is at it', InProgress(), 'released'],
  ['to be mended first', unauthorized({ members: { retry: 'after_fix', effect: 'none' } }), 'released'],
  [
    'a provider that was not reached',
    unavailable({ members: { retry: 'other', effect: 'none' } }),
    'released',
  ],
  ['declined', declined({ members: { retry: 'never', effect: 'none' } }), 'kept'],
  ['declined, and another may take it', declined({ members: { retry: 'other', effect: 'none' } }), 'kept'],
  ['nothing there', NotFound(), 'kept'],
  ['not in this state', invalidState({ members: { retry: 'never', effect: 'none' } }), 'kept'],
  ['the provider has it already', duplicate({ members: { retry: 'never', effect: 'done' } }), 'kept'],
  ['done, though the answer was nonsense', timeout({ members: { retry: 'never', effect: 'done' } }), 'kept'],
  ['sent, and no answer', timeout({ members: { retry: 'same', effect: 'unknown' } }), 'open'],
  ['too many, and yet it may have happened', RateLimited({ members: { effect: 'unknown' } }), 'open'],
  ['ours, and nothing is said', Unavailable(), 'abandoned'],
  ['unforeseen', null, 'abandoned'],
] as const)('%s: %s', (_, met, fate) => {
  expect(fateOf(met)).toBe(fate)
})
