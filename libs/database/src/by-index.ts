/**
 * For statements whose way is known: row by row, along an index. A plan is kept for as long as nothing is said about its
 * table; made while that was empty, it would read all of it when a minute has filled it.
 */
export const BY_INDEX: Readonly<Record<string, string>> = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
}

/** As SQL, each behind its `SET` or `SET LOCAL`. */
export function settingsText(set: string, settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `; ${set} ${name} = ${value}`)
    .join('')
}
