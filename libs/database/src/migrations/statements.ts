/**
 * The statements of a SQL file, one by one, without their `;`. Knows strings, quoted names, dollar quotes, line
 * comments and (nested) block comments. psql splits at the same places; so both give the same schema.
 */
export function statementsOf(sql: string): string[] {
  const statements: string[] = []
  let from = 0
  let at = 0
  while (at < sql.length) {
    const past = endOfToken(sql, at)
    if (sql[at] === ';' && past === at + 1) {
      statements.push(sql.slice(from, at))
      from = past
    }
    at = past
  }
  statements.push(sql.slice(from))
  return statements
    .map((statement) => statement.trim())
    .filter((statement) => withoutComments(statement) !== '')
}

/** The position behind the token that begins at `at`; one character where nothing special begins. */
function endOfToken(sql: string, at: number): number {
  const two = sql.slice(at, at + 2)
  if (two === '--') return behind(sql, '\n', at)
  if (two === '/*') return endOfBlockComment(sql, at)
  const quote = sql[at]
  if (quote === "'") return endOfQuoted(sql, at, "'", /[eE]$/.test(sql.slice(Math.max(0, at - 1), at)))
  if (quote === '"') return endOfQuoted(sql, at, '"', false)
  const dollar = /^\$([A-Za-z_]\w*)?\$/.exec(sql.slice(at, at + 66))
  if (dollar && !/[\w$]/.test(sql[at - 1] ?? ' ')) return behind(sql, dollar[0], at + dollar[0].length)
  return at + 1
}

function behind(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from)
  return found === -1 ? sql.length : found + mark.length
}

function endOfQuoted(sql: string, at: number, quote: string, backslashes: boolean): number {
  for (let i = at + 1; i < sql.length; i++) {
    if (backslashes && sql[i] === '\\') i++
    else if (sql[i] === quote) return i + 1 // A doubled quote simply begins the next token.
  }
  return sql.length
}

function endOfBlockComment(sql: string, at: number): number {
  let depth = 0
  for (let i = at; i < sql.length; i++) {
    const two = sql.slice(i, i + 2)
    if (two === '/*') {
      depth++
      i++
    } else if (two === '*/') {
      depth--
      i++
      if (depth === 0) return i + 1
    }
  }
  return sql.length
}

function withoutComments(statement: string): string {
  let rest = ''
  for (let at = 0; at < statement.length;) {
    const past = endOfToken(statement, at)
    if (!/^(--|\/\*)/.test(statement.slice(at, at + 2))) rest += statement.slice(at, past)
    at = past
  }
  return rest.trim()
}
