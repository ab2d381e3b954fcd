import { Secret } from '@app/secrets'
import type { Text } from './words.ts'

interface Declaration {
  /** What a form writes beside the field, and under it. */
  label: Text
  help: Text
  /** The whole value must match. */
  pattern?: RegExp
  /** Left out: the field must be given. */
  optional?: boolean
  options?: readonly string[]
  /** Which of the provider's modes a value belongs to, where its format tells. */
  mode?: (value: string) => 'test' | 'live' | undefined
}

/** A declared credential: one source for form, check, encryption and redaction. */
export type Field = Declaration & { secret: boolean }
export type Fields = Readonly<Record<string, Field>>

/** What a connector is lent: secret fields as {@link Secret}, the others as text; what was not given is undefined. */
export type Creds<F extends Fields = Fields> = {
  readonly [K in keyof F]: ValueOf<F[K]['secret']> | undefined
}
type ValueOf<S> = S extends true ? Secret : string

/** A field whose value is encrypted, masked and lent as a {@link Secret}. */
export function secret(declaration: Declaration): Declaration & { secret: true } {
  return { ...declaration, secret: true }
}

/** A field that may be shown. */
export function field(declaration: Declaration): Declaration & { secret: false } {
  return { ...declaration, secret: false }
}

/** What is wrong with one field; the pointer is RFC 6901, from the request's root. */
export interface CredentialProblem {
  pointer: string
  code: string
  message: Text
}

const MAX_LENGTH = 16_384

/** Every problem at once, each with a pointer; the values themselves are in none of them. */
export function checkCredentials(
  fields: Fields,
  input: Readonly<Record<string, unknown>>,
): CredentialProblem[] {
  const unknown = Object.keys(input)
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) =>
      found(name, 'unknown_field', { en: 'This field is not known here.', ar: 'هذا الحقل غير معروف هنا.' }),
    )
  return [
    ...unknown,
    ...Object.entries(fields).flatMap(([name, declared]) => checkField(name, declared, input[name])),
    ...checkModes(fields, input),
  ]
}

/** A live key beside a test key is refused at once: otherwise only the first would say where the connection belongs. */
function checkModes(fields: Fields, input: Readonly<Record<string, unknown>>): CredentialProblem[] {
  const told = Object.entries(fields).flatMap(([name, declared]) => {
    const value = input[name]
    if (typeof value !== 'string' || checkField(name, declared, value).length > 0) return []
    const mode = declared.mode?.(value)
    return mode ? [{ name, mode }] : []
  })
  return told
    .filter(({ mode }) => mode !== told[0]?.mode)
    .map(({ name }) =>
      found(name, 'mode_mismatch', {
        en: 'A test key and a live key cannot be used together.',
        ar: 'لا يمكن الجمع بين مفتاح تجريبي ومفتاح فعلي.',
      }),
    )
}

function checkField(name: string, declared: Field, value: unknown): CredentialProblem[] {
  if (value === undefined || value === null) {
    return declared.optional
      ? []
      : [found(name, 'required', { en: `Needed: ${declared.label.en}.`, ar: `مطلوب: ${declared.label.ar}.` })]
  }
  if (typeof value !== 'string' || value.trim() === '') {
    return [
      found(name, 'required', {
        en: `Needed as text: ${declared.label.en}.`,
        ar: `مطلوب نصًا: ${declared.label.ar}.`,
      }),
    ]
  }
  if (
    value.length > MAX_LENGTH ||
    (declared.pattern && !declared.pattern.test(value)) ||
    (declared.options && !declared.options.includes(value))
  ) {
    return [
      found(name, 'invalid_format', {
        en: `Not of the right form. ${declared.help.en}`,
        ar: `الصيغة غير صحيحة. ${declared.help.ar}`,
      }),
    ]
  }
  return []
}

function found(name: string, code: string, message: Text): CredentialProblem {
  return { pointer: `/credentials/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, code, message }
}

/** The checked input as a connector is lent it. */
export function credsOf<F extends Fields>(fields: F, values: Readonly<Record<string, unknown>>): Creds<F> {
  const entries = Object.entries(fields).flatMap(([name, declared]) => {
    const value = values[name]
    return typeof value === 'string' ? [[name, declared.secret ? Secret.of(value) : value]] : []
  })
  return Object.fromEntries(entries) as Creds<F>
}

/** The mode that the values themselves tell; undefined where no format does. */
export function modeOf(fields: Fields, creds: Creds): 'test' | 'live' | undefined {
  for (const [name, { mode }] of Object.entries(fields)) {
    const value = creds[name]
    const told = value === undefined ? undefined : mode?.(typeof value === 'string' ? value : value.reveal())
    if (told) return told
  }
  return undefined
}

/** `credential_fields` of the API: what a form asks for, in both languages. */
export function presentFields(fields: Fields): Record<string, unknown>[] {
  return Object.entries(fields).map(([name, declared]) => ({
    name,
    label: declared.label.en,
    label_ar: declared.label.ar,
    secret: declared.secret,
    required: !declared.optional,
    pattern: declared.pattern?.source ?? null,
    ...(declared.options && { options: declared.options }),
    help: declared.help.en,
    help_ar: declared.help.ar,
  }))
}
