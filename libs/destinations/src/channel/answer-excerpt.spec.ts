import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { answerExcerpt } from './answer-excerpt.ts'

const of = (text: string): string | undefined => answerExcerpt(Buffer.from(text))

test('short answers as they are, on one line', () => {
  expect(of('ok')).toBe('ok')
  expect(of('{"received": true}')).toBe('{"received":true}')
  expect(of('لم يصل')).toBe('لم يصل')
  expect(of('one\ntwo')).toBe('one\\ntwo')
})

test('nothing, and what is no text, is left out', () => {
  for (const body of [
    Buffer.of(),
    Buffer.from('  \n'),
    Buffer.of(0x1f, 0x8b, 0x08, 0),
    Buffer.of(0xff, 0xfe),
  ])
    expect(answerExcerpt(body)).toBeUndefined()
})

test('no secret is in it, wherever it lies across a cut', () => {
  const token = `eyJ${'a'.repeat(400)}.eyJ${'b'.repeat(600)}.${'c'.repeat(300)}`
  for (let before = 600; before < 1_100; before += 3) {
    const padding = 'word '.repeat(300).slice(0, before)
    const bearer = 'Authorization: Bearer 7f3e9canary7f3e9canary7f3e9canary'
    for (const secret of ['4111 1111 1111 1111', token, bearer]) {
      const tail = `${secret} ${'tail '.repeat(2_000)}`
      // The second shrinks as it is read, so that what lies far behind comes near.
      for (const shown of [of(`${padding} ${tail}`), of(`${token} ${padding} ${tail}`)])
        expect(shown).not.toMatch(/4111 1|1 1111|aaaaaaaaaa|bbbbbbbbbb|canary/)
    }
  }
  expect(of(`${'word '.repeat(160)} ${token}`)).toMatch(/^(word ){160}/)
})

test('never more than a KiB, always storable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 0, maxLength: 4_000 }), (text) => {
      const shown = of(text) ?? ''
      expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(1_024)
      expect(shown.isWellFormed() && !shown.includes('\0')).toBe(true)
    }),
  )
})
