/** The least or greatest id that a row made in this millisecond can have (UUID v7). */
export function boundary(atMs: number, which: 'least' | 'greatest'): string {
  const fill = which === 'least' ? '0' : 'f'
  const time = Math.min(Math.max(0, Math.floor(atMs)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-${fill.repeat(4)}-${fill.repeat(4)}-${fill.repeat(12)}`
}
