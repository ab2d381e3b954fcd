import { eventTypes } from '@app/connector-kit'

const families: ReadonlySet<string> = new Set([...eventTypes].map(familyOf))

/** A word of the catalogue, or a whole family of it: `payment.captured`, `payment.*`. */
export function isFilter(text: string): boolean {
  return eventTypes.has(text) || families.has(text)
}

/** `payment.*` of `payment.captured`. */
export function familyOf(type: string): string {
  return `${type.slice(0, type.indexOf('.'))}.*`
}

/** Some type that passes these filters. */
export function exampleOf(filters: readonly string[]): string {
  const [first = 'payment.captured'] = filters
  return [...eventTypes].find((type) => type === first || familyOf(type) === first) ?? first
}
