/** What of an error may be logged: its kind and place. Its message may hold what a caller or the database said. */
export function errorFields(error: unknown, depth = 0): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return { error: typeof error }
  const { name, code, constraint, stack, cause } = error as Record<string, unknown>
  return {
    error: word(name) ?? 'Error',
    ...(word(code) !== undefined && { code: word(code) }),
    ...(word(constraint) !== undefined && { constraint: word(constraint) }),
    at: framesOf(stack),
    ...(cause !== undefined && depth < 4 && { cause: errorFields(cause, depth + 1) }),
  }
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.:$ -]{1,120}$/.test(value) ? value : undefined
}

const FRAME = /^ {4}at (?:[^\n"'=]{1,300} )?\(?(?:file:|node:|\/|[A-Za-z]:\\|<anonymous>)[^\n"'=]{0,300}$/

/** A message can have many lines, and one of them can look like a frame: only what follows the last other line counts. */
function framesOf(stack: unknown): string[] {
  if (typeof stack !== 'string') return []
  const lines = stack.split('\n')
  const last = lines.findLastIndex((line) => !/^ {4}at /.test(line))
  return lines
    .slice(last + 1)
    .filter((line) => FRAME.test(line))
    .slice(0, 8)
    .map((line) => line.trim())
}
