/** The rows are at fault, not the database (SQLSTATE classes 21, 22, 23): to send them again as they are helps nobody. */
export function isDataAtFault(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' && /^2[123]\w{3}$/.test(code)
}
