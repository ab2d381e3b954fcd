/**
 * What stays behind: who is asking us and how (the key above all), where one request ends and the next begins, and what
 * intermediaries tell each other. Our own proof is put in later, over anything of the same name.
 */
const STAYS =
  /^(host|authorization|cookie2?|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|http2-settings|forwarded|via|origin|referer|x-request-id|x-real-ip|true-client-ip|x-forwarded-.*|x-original-.*|x-rewrite-.*|x-http-method.*|x-method-override|proxy-.*|cf-.*|sec-.*)$/

/** Every header line of a request, by name in lower case; the lines of one name joined. */
export function headersOf(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  for (let line = 0; line < rawHeaders.length; line += 2) {
    const name = rawHeaders[line]!.toLowerCase()
    const value = rawHeaders[line + 1]!
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  return headers
}

/** What of a caller's headers its provider is told. */
export function outward(headers: Readonly<Record<string, string>>): Record<string, string> {
  const hops = namesIn(headers.connection)
  const sent: Record<string, string> = {}
  for (const name in headers) if (!STAYS.test(name) && !hops.has(name)) sent[name] = headers[name]!
  return sent
}

/** A `Connection` header names others that are for the next hop only. */
export function namesIn(connection: string | undefined): ReadonlySet<string> {
  return new Set(connection?.split(',').map((name) => name.trim().toLowerCase()))
}
