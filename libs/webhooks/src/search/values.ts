/** The values of a statement that is put together: each is named where it is used, and none is part of the text. */
export class Values {
  readonly all: unknown[] = []
  readonly #names = new Map<string, string>()

  /** Its place in the statement; the same value of the same type has one. */
  bind(value: string | number | Date, type: 'uuid' | 'text' | 'timestamptz' | 'bigint'): string {
    const key = `${type} ${value instanceof Date ? value.toISOString() : value}`
    const name = this.#names.get(key) ?? `$${this.all.push(value)}::${type}`
    this.#names.set(key, name)
    return name
  }
}
