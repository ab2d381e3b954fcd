/** Which form of the API is spoken. */
export const API_HEADERS = {
  accept: 'application/vnd.github+json',
  'x-github-api-version': '2022-11-28',
} as const

/** The cursor of the next page out of a `Link` header; only that, because the address itself is not to be trusted. */
export function nextIn(link: string | undefined, name: 'cursor' | 'page'): string | undefined {
  for (const part of (link ?? '').split(',')) {
    const [, address = ''] = /^\s*<([^>]{1,2000})>\s*;\s*rel="next"\s*$/.exec(part) ?? []
    if (URL.canParse(address)) return new URL(address).searchParams.get(name) ?? undefined
  }
  return undefined
}
