import { namesIn } from './request-headers.ts'

/** Its own hop's business, or what would act on our origin: cookies, policies, permissions for other origins. */
const STAYS =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*|set-cookie2?|content-encoding|content-length|content-security-policy.*|strict-transport-security|server|x-powered-by|public-key-pins.*|clear-site-data|alt-svc|refresh|service-worker-allowed|sourcemap|x-sourcemap|report-to|reporting-endpoints|nel|permissions-policy|access-control-.*|cross-origin-.*|origin-trial|expires|pragma|age)$/
/** What no browser would run, or lay out with scripts in it. */
const INERT =
  /^(application\/([\w.+-]+\+)?json|application\/octet-stream|application\/(zip|gzip|x-ndjson)|text\/(plain|csv)|image\/(png|jpeg|gif|webp))\s*(;|$)/i

type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * A provider's headers as they may stand in an answer of ours: inert (security.md 7.5). What our own answer says already
 * (request id, security headers, limits of the key) stays as it is. Addresses under the provider's base become ours, so that
 * an SDK that turns the page turns it here, and does not take our key elsewhere.
 */
export function inward(
  headers: Headers,
  ours: Headers,
  rewritten: (address: string) => string,
): Record<string, string | string[]> {
  const hops = namesIn([headers.connection ?? ''].flat().join(','))
  const passed: Record<string, string | string[]> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && !(name in ours) && !STAYS.test(name) && !hops.has(name)) passed[name] = value
  }
  for (const name of ['location', 'content-location']) {
    if (typeof passed[name] === 'string') passed[name] = rewritten(passed[name])
  }
  if (passed.link !== undefined) {
    passed.link = [passed.link]
      .flat()
      .join(', ')
      .replace(/<([^<>]*)>/g, (_, address: string) => `<${rewritten(address)}>`)
  }
  if (!INERT.test([passed['content-type'] ?? ''].flat()[0] ?? '')) {
    const said = String(passed['content-disposition'] ?? '')
    passed['content-disposition'] = /^attachment\b/i.test(said) ? said : 'attachment'
  }
  passed['content-security-policy'] = "default-src 'none'; sandbox; frame-ancestors 'none'"
  return passed
}

/** Addresses under one base, as addresses under another; others stay. */
export function moved(from: string, to: string): (address: string) => string {
  const base = from.replace(/\/+$/, '')
  return (address) =>
    address === base || (address.startsWith(base) && /^[/?#]/.test(address.slice(base.length)))
      ? to + address.slice(base.length)
      : address
}
