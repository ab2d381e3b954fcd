/** Stands where something was that must not be printed. */
export const REDACTED = '[redacted]'

/** A part of a text, and what is shown instead. */
export interface Span {
  start: number
  end: number
  shown: string
}

export function span(start: number, end: number, shown = REDACTED): Span {
  return { start, end, shown }
}

/** Spans in order and apart: one inside another gives way to it, two that overlap become one that shows nothing. */
function merged(spans: readonly Span[]): Span[] {
  const inOrder = spans
    .filter(({ start, end }) => end > start)
    .sort((left, right) => left.start - right.start || right.end - left.end)
  const apart: Span[] = []
  for (const next of inOrder) {
    const last = apart.at(-1)
    if (!last || next.start >= last.end) apart.push({ ...next })
    else if (next.end > last.end) Object.assign(last, { end: next.end, shown: REDACTED })
  }
  return apart
}

/** The text with its spans replaced, and where `cut` of the old text lies in the new one: never inside a span. */
export function replaced(text: string, spans: readonly Span[], cut: number): { text: string; cut: number } {
  const parts: string[] = []
  let from = 0
  let length = 0
  let newCut: number | null = null
  for (const { start, end, shown } of merged(spans)) {
    if (newCut === null && cut <= start) newCut = length + (cut - from)
    parts.push(text.slice(from, start), shown)
    length += start - from + shown.length
    if (newCut === null && cut <= end) newCut = length
    from = end
  }
  parts.push(text.slice(from))
  return { text: parts.join(''), cut: newCut ?? length + (cut - from) }
}
