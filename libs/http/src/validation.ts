import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { InvalidFields, InvalidQuery } from './http.problems.ts'
import type { FieldProblem } from './problem.ts'
import type { Text } from './text.ts'

interface Issue {
  path?: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]
  code?: string
  keys?: string[]
  input?: unknown
  expected?: string
  minimum?: number | bigint
  maximum?: number | bigint
  origin?: string
  values?: unknown[]
  params?: { code?: string; message?: Text }
}

/** Checks every `@Body`, `@Query` and `@Param` that names a schema, and refuses with a pointer to each broken field. */
@Injectable()
export class Checked implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata & { schema?: StandardSchemaV1 }): unknown {
    const { schema, type } = metadata
    if (!schema) return value
    const refused = type === 'body' ? InvalidFields : InvalidQuery
    const errors = structureProblems(value)
    if (errors.length > 0) throw refused({ errors })
    const result = schema['~standard'].validate(value ?? {})
    if (result instanceof Promise) throw new Error('schemas of the API are synchronous')
    if (!result.issues) return result.value
    throw refused({ errors: (result.issues as readonly Issue[]).slice(0, 100).flatMap(fieldProblems) })
  }
}

const MAX_DEPTH = 64
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

/** What no schema sees (security.md 8.3): depth, list length, dangerous keys, text that PostgreSQL cannot hold. */
export function structureProblems(value: unknown, pointer = '', depth = 0): FieldProblem[] {
  if (typeof value === 'string')
    return isStorable(value) ? [] : [issue(pointer, 'unstorable_text', words.unstorable)]
  if (typeof value !== 'object' || value === null) return []
  if (depth >= MAX_DEPTH) return [issue(pointer, 'too_deep', words.tooDeep)]
  if (Array.isArray(value) && value.length > 1_000) return [issue(pointer, 'too_many', words.tooMany)]
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = `${pointer}/${escaped(key)}`
    if (FORBIDDEN_KEYS.has(key) || !isStorable(key)) return [issue(at, 'unknown_field', words.unknown)]
    return structureProblems(inner, at, depth + 1)
  })
}

/** No NUL and no lone surrogate: neither fits into `text` or `jsonb`. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function fieldProblems(found: Issue): FieldProblem[] {
  const pointer = (found.path ?? [])
    .map((part) => `/${escaped(String(typeof part === 'object' ? part.key : part))}`)
    .join('')
  if (found.code === 'unrecognized_keys') {
    return (found.keys ?? []).map((key) =>
      issue(`${pointer}/${escaped(key)}`, 'unknown_field', words.unknown),
    )
  }
  if (found.code === 'custom' && found.params?.message) {
    return [issue(pointer, found.params.code ?? 'invalid', found.params.message)]
  }
  return [issue(pointer, ...wordsFor(found))]
}

function wordsFor(found: Issue): [string, Text] {
  switch (found.code) {
    case 'invalid_type':
      return found.input === undefined
        ? ['required_or_wrong_type', words.type(found.expected)]
        : ['wrong_type', words.type(found.expected)]
    case 'too_small':
      return ['too_small', words.tooSmall(found)]
    case 'too_big':
      return ['too_big', words.tooBig(found)]
    case 'invalid_value':
      return ['invalid_value', words.oneOf(found.values ?? [])]
    default:
      return ['invalid_format', words.format]
  }
}

const words = {
  unknown: { en: 'This field is not known here.', ar: 'هذا الحقل غير معروف هنا.' },
  unstorable: {
    en: 'The text holds a NUL or half of a character.',
    ar: 'يحتوي النص على محرف NUL أو على نصف محرف.',
  },
  tooDeep: { en: 'Nested deeper than 64 levels.', ar: 'التداخل أعمق من 64 مستوى.' },
  tooMany: { en: 'A list of more than 1,000.', ar: 'قائمة فيها أكثر من 1000 عنصر.' },
  format: { en: 'The value does not have the right form.', ar: 'صيغة القيمة غير صحيحة.' },
  type: (expected = 'value'): Text => ({
    en: `Missing or of the wrong type; expected: ${expected}.`,
    ar: `القيمة ناقصة أو من نوع غير صحيح؛ النوع المطلوب: ${expected}.`,
  }),
  tooSmall: ({ minimum = 0 }: Issue): Text => ({
    en: `Too short or too small; the least is ${minimum}.`,
    ar: `القيمة أقصر أو أصغر من اللازم؛ الحد الأدنى ${minimum}.`,
  }),
  tooBig: ({ maximum = 0 }: Issue): Text => ({
    en: `Too long or too large; the most is ${maximum}.`,
    ar: `القيمة أطول أو أكبر من اللازم؛ الحد الأقصى ${maximum}.`,
  }),
  oneOf: (values: unknown[]): Text => ({
    en: `Must be one of: ${values.join(', ')}.`,
    ar: `يجب أن تكون القيمة إحدى: ${values.join('، ')}.`,
  }),
}

function issue(pointer: string, code: string, message: Text): FieldProblem {
  return { pointer, code, message }
}

function escaped(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1').toWellFormed().replaceAll('\0', '')
}
