/** More than anybody's list of a few days; beyond it something is wrong with the list. */
const MOST_PAGES = 200

/** A list that does not end: the same page comes again, or there are more pages than a list of a few days has. */
export class EndlessList extends Error {
  constructor() {
    super('the provider’s list does not end')
    this.name = 'EndlessList'
  }
}

/**
 * A provider's list, page by page, each read when it is wanted. `read` is given the cursor that the page before named;
 * without one the list is at its end. Throws {@link EndlessList} rather than go on for ever.
 */
export async function* pagesOf<Page>(
  read: (cursor: string | undefined) => Promise<{ page: Page; next?: string | undefined }>,
): AsyncGenerator<Page, void> {
  const met = new Set<string>()
  for (let cursor: string | undefined; ;) {
    const { page, next } = await read(cursor)
    yield page
    if (next === undefined || next === '') return
    if (met.has(next) || met.size >= MOST_PAGES) throw new EndlessList()
    met.add(next)
    cursor = next
  }
}
