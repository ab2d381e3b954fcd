import type { Language, Text } from './text.ts'

/** One broken field of the input: where it is (RFC 6901), a stable code, and what to do. */
export interface FieldProblem {
  pointer: string
  code: string
  message: Text
}

interface Circumstances {
  /** Fills `{name}` in the words. Never a secret. */
  values?: Readonly<Record<string, string | number>>
  errors?: readonly FieldProblem[]
  headers?: Readonly<Record<string, string>>
  /** Further members of the answer, such as `effect` and `retry` of unified-models.md 2.6. */
  members?: Readonly<Record<string, unknown>>
}

/** A refusal on its way to the caller (RFC 9457). Made by a {@link ProblemKind}, never directly. */
export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    readonly circumstances: Circumstances = {},
  ) {
    super(`${kind.code}: ${filled(kind.detail.en, circumstances.values)}`)
    this.name = 'Problem'
  }

  detail(language: Language): string {
    return filled(this.kind.detail[language], this.circumstances.values)
  }
}

export interface ProblemKind {
  (circumstances?: Circumstances): Problem
  readonly code: string
  readonly status: number
  readonly detail: Text
}

/** Every problem that exists, so that the docs and the tests can walk the catalogue. */
export const catalogueOfProblems = new Map<string, ProblemKind>()

/** Declares a refusal: a stable code, its HTTP status, and words in two languages that say what to do. */
export function problem(code: string, status: number, detail: Text): ProblemKind {
  const kind: ProblemKind = Object.assign(
    (circumstances?: Circumstances) => new Problem(kind, circumstances),
    { code, status, detail },
  )
  catalogueOfProblems.set(code, catalogueOfProblems.get(code) ?? kind)
  return kind
}

function filled(words: string, values: Circumstances['values'] = {}): string {
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
