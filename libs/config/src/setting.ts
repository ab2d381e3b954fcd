/** What one environment variable means; type, error sentence, `.env.example` and the table in the docs come from it. */
export interface Setting<T> {
  /** What it is for, one sentence. */
  means: string
  /** A value that would be accepted. */
  example: string
  /** What an operator reads where the variable is not set. */
  unset: string
  /** Reads the text; throws {@link Unacceptable} with what is wrong. `undefined`: the variable is not set. */
  read(text: string | undefined): T
}

/** What is wrong with a value, as the end of the sentence "PORT is …". Never holds the value itself. */
export class Unacceptable extends Error {}

interface Words {
  means: string
  example: string
  unset: string
}

/** A setting whose unset value is known. */
export function withDefault<T>(
  words: Omit<Words, 'unset'> & { default: string; unset?: string },
  parse: (text: string) => T,
): Setting<T> {
  return {
    means: words.means,
    example: words.example,
    unset: words.unset ?? words.default,
    read: (text) => parse(text ?? words.default),
  }
}

/** A setting that may be left out; what happens then is decided by who uses it and told by `unset`. */
export function optional<T>(words: Words, parse: (text: string) => T): Setting<T | undefined> {
  return { ...words, read: (text) => (text === undefined ? undefined : parse(text)) }
}

/** A setting that stops the start: one line with the variable, what is wrong, and an example. */
export class SettingRefused extends Error {
  constructor(
    readonly variable: string,
    wrong: string,
    example: string,
  ) {
    super(`${variable} is ${wrong}. Example: ${variable}=${example}`)
    this.name = 'SettingRefused'
  }
}
