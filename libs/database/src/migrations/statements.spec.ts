import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { migrationsFolder } from '../../../../test/support/database.ts'
import { migrationFiles } from './run-migrations.ts'
import { statementsOf } from './statements.ts'

describe('one statement stays one', () => {
  test.each([
    ['a string', "SELECT 'a;b'"],
    ['a doubled quote', "SELECT 'it''s; fine'"],
    ['a backslash in a plain string', String.raw`SELECT '\'`],
    ['an escape string', String.raw`SELECT E'it\'s; fine'`],
    ['an escape string with a doubled quote before a backslash', String.raw`SELECT e'a''b\'; c'`],
    ['an escape string that goes on in the next line', "SELECT E'a' -- and\n  'b\\'; c'"],
    ['a word that ends in e before a plain string', String.raw`SELECT 1 WHERE 'a' LIKE'\'`],
    ['a quoted name', 'SELECT 1 AS "a;""b"'],
    ['dollar quotes', 'DO $$ BEGIN; END $$'],
    ['dollar quotes in dollar quotes', 'DO $a$ SELECT $$;$$; $b$ ; $b$ $a$'],
    ['a dollar quote with an Arabic mark', 'DO $وصل$ a; b $وصل$'],
    ['a dollar inside of a name', 'SELECT a$$ FROM b$$'],
    ['a parameter', 'SELECT $1, $2'],
    ['nested comments', 'SELECT /* a; /* b; */ c; */ 1'],
    ['a line comment', 'SELECT 1 -- a; b\n + 1'],
    ['a quote in a comment', "SELECT 1 -- it's\n /* it's */ + 1"],
    ['a rule of two actions', 'CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)'],
    [
      'a function in plain SQL',
      'CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END',
    ],
  ])('%s', (_, statement) => {
    expect(statementsOf(`${statement};\nSELECT 2;`)).toEqual([statement, 'SELECT 2'])
  })
})

test('what holds only comments is no statement', () => {
  expect(statementsOf(';; -- nothing;\n; /* nothing; */ ;')).toEqual([])
})

test('BEGIN and END outside of a function are statements', () => {
  expect(statementsOf('BEGIN; SELECT 1; END; COMMIT')).toEqual(['BEGIN', 'SELECT 1', 'END', 'COMMIT'])
})

test('what does not end, ends with the file', () => {
  for (const open of ["SELECT 'a; b", 'SELECT "a; b', 'DO $$ a; b', 'SELECT 1 /* a; b', "SELECT E'a; b\\"]) {
    expect(statementsOf(`SELECT 1; ${open}`)).toEqual(['SELECT 1', open])
  }
})

/** Whatever these hold, a `;` in them ends nothing. */
const inside = fc.string({ unit: fc.constantFrom(...';\'"$-*/\\()aeE \n', '$$', '--', '/*', '*/', 'BEGIN') })
const pieces = fc.oneof(
  inside.map((text) => `'${text.replaceAll("'", "''")}'`),
  inside.map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  inside.map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`),
  inside.map((text) => `"${text.replaceAll('"', '""')}"`),
  inside.map((text) => `$mark$${text}$mark$`),
  inside.map((text) => `--${text.replaceAll('\n', ' ')}\n`),
  inside.map((text) => `/* ${text.replaceAll(/[*/]/g, ' ')} /* ; */ */`),
  inside.map((text) => `(${text.replaceAll(/[^ae;\n ]/g, '')})`),
  fc.constantFrom('a', 'table_e', '1', '$1', '+', ',', 'a$$'),
)
// Commas keep strings apart: one behind a line break would go on in the next.
const statement = fc.array(pieces, { maxLength: 8 }).map((parts) => `SELECT ${parts.join(' , ')}`.trim())

test('statements put together come apart again', () => {
  fc.assert(
    fc.property(fc.array(statement), (statements) => {
      expect(statementsOf(statements.join('\n;\n'))).toEqual(statements)
    }),
    { numRuns: 2_000 },
  )
})

test('no text makes it throw, and no part of a text is lost but what lies between statements', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, inside)), (parts) => {
      const text = parts.join('')
      let from = 0
      for (const part of statementsOf(text)) {
        const at = text.indexOf(part, from)
        expect(at).not.toBe(-1)
        from = at + part.length
      }
    }),
    { numRuns: 2_000 },
  )
})

test.each(migrationFiles(migrationsFolder).map(({ name }) => name))(
  '%s ends with the only block comment it has',
  (name) => {
    const text = readFileSync(join(migrationsFolder, name), 'utf8')
    expect(text.match(/\/\*/g)).toHaveLength(1)
    expect(text.match(/\*\//g)).toHaveLength(1)
    expect(text.trimEnd().endsWith('*/')).toBe(true)
    expect(statementsOf(text).at(-1)).toMatch(/^SELECT pg_advisory_unlock/)
  },
)
