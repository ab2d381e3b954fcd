import { inspect } from 'node:util'

/**
 * Plain text that must not leak. It prints, serialises and inspects as `[secret]`; {@link Secret.reveal} is the
 * only word that yields the text, so its uses are easy to find and to count.
 */
export class Secret {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  static of(text: string): Secret {
    return new Secret(text)
  }

  reveal(): string {
    return this.#text
  }

  /** What an API answer may show: the last four characters, and only of a secret of twelve or more. */
  hint(): string {
    const characters = [...this.#text]
    return characters.length >= 12 ? `…${characters.slice(-4).join('')}` : '…'
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
