/**
 * The statements of a SQL file, one by one, without their `;`. psql splits at the same places, so both give the same
 * schema: not within strings, quoted names, dollar quotes, comments, parentheses (a rule's actions) or the
 * `BEGIN ATOMIC … END` of a function.
 */
export function statementsOf(sql: string): string[] {
  const statements: string[] = []
  let from = 0
  let nesting = new Nesting()
  for (let at = 0; at < sql.length;) {
    const { kind, end } = tokenAt(sql, at)
    if (kind === 'end' && !nesting.deep) {
      statements.push(sql.slice(from, at))
      from = end
      nesting = new Nesting()
    } else nesting.meet(kind, sql.slice(at, end))
    at = end
  }
  statements.push(sql.slice(from))
  return statements.map((statement) => statement.trim()).filter(hasContent)
}

type Kind = 'space' | 'comment' | 'word' | 'end' | 'other'

interface Token {
  kind: Kind
  end: number
}

// PostgreSQL takes every byte above ASCII for a letter.
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
const SPACE = /\s+/y
const NUMBER_OR_PARAMETER = /\$?\d+/y
const LINE_COMMENT = /--[^\n\r]*/y
const STRING = /'[^']*(?:'|$)/y
const NAME = /"[^"]*(?:"|$)/y
// A string goes on behind a line break, with the escapes it began with.
const ESCAPE_STRING =
  /[eE]'(?:[^'\\]|\\[\s\S]|''|'[^\S\n\r]*(?:--[^\n\r]*)?[\n\r](?:\s|--[^\n\r]*(?:[\n\r]|$))*')*(?:'|\\?$)/y

function tokenAt(sql: string, at: number): Token {
  const ends = (pattern: RegExp): number | null => {
    pattern.lastIndex = at
    return pattern.test(sql) ? pattern.lastIndex : null
  }
  const is = (kind: Kind, end: number | null): Token | null => (end === null ? null : { kind, end })
  if (sql.startsWith('/*', at)) return { kind: 'comment', end: endOfBlockComment(sql, at) }
  return (
    is('space', ends(SPACE)) ??
    is('comment', ends(LINE_COMMENT)) ??
    is('other', ends(ESCAPE_STRING)) ??
    is('word', ends(WORD)) ??
    is('other', ends(NUMBER_OR_PARAMETER)) ??
    is('other', ends(STRING)) ??
    is('other', ends(NAME)) ??
    is('other', endOfDollarQuote(sql, at, ends(DOLLAR_QUOTE))) ?? {
      kind: sql[at] === ';' ? 'end' : 'other',
      end: at + 1,
    }
  )
}

function endOfDollarQuote(sql: string, at: number, behindMark: number | null): number | null {
  if (behindMark === null) return null
  const mark = sql.slice(at, behindMark)
  const closing = sql.indexOf(mark, behindMark)
  return closing === -1 ? sql.length : closing + mark.length
}

/** Block comments nest. */
function endOfBlockComment(sql: string, at: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let depth = 0
  for (let found = edge.exec(sql); found; found = edge.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return sql.length
}

/** Whether a `;` stands inside of something. `BEGIN` opens a body only in what creates a function or procedure. */
class Nesting {
  #parentheses = 0
  #bodies = 0
  #opening: string[] = []

  get deep(): boolean {
    return this.#parentheses > 0 || this.#bodies > 0
  }

  meet(kind: Kind, text: string): void {
    if (text === '(') this.#parentheses++
    else if (text === ')') this.#parentheses = Math.max(0, this.#parentheses - 1)
    else if (kind === 'word') this.#word(text.toLowerCase())
  }

  #word(word: string): void {
    if (this.#opening.length < 4) this.#opening.push(word)
    if (this.#parentheses > 0) return
    if (word === 'begin' && /^create (or replace )?(function|procedure)\b/.test(this.#opening.join(' ')))
      this.#bodies++
    else if (word === 'case' && this.#bodies > 0) this.#bodies++
    else if (word === 'end' && this.#bodies > 0) this.#bodies--
  }
}

function hasContent(statement: string): boolean {
  for (let at = 0; at < statement.length;) {
    const { kind, end } = tokenAt(statement, at)
    if (kind !== 'space' && kind !== 'comment') return true
    at = end
  }
  return false
}
