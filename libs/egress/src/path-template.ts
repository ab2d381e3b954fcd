const PLAIN_WORD = /^([a-z][a-z_-]{0,23}|v\d{1,3}(\.\d{1,3})?)$/

/**
 * A path as it may stand in logs and metrics: what might be an id, a name or a token becomes `{}`, and the query is
 * gone. Plain lower-case words and versions stay, so that a path names an operation and there are not many of them.
 */
export function pathTemplate(path: string): string {
  const [bare = ''] = path.split(/[?#]/, 1)
  return bare
    .split('/')
    .map((segment) => (segment === '' || PLAIN_WORD.test(segment) ? segment : '{}'))
    .join('/')
}
