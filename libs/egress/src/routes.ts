const LOCAL = /^http:\/\/(127\.0\.0\.1|\[::1\]):\d{1,5}$/

/**
 * Which provider's origin is played on this machine, by the sandbox or by a test. Empty unless filled, and the only
 * way to the loopback: a call to a routed origin goes to the local server with the provider's name as its `Host`.
 */
export class EgressRoutes {
  readonly #targets = new Map<string, string>()

  constructor(private readonly production: boolean) {}

  /**
   * Sends what is meant for `origin` (`https://api.tap.company`) to a server that this platform started
   * (`http://127.0.0.1:4010`), until the function it answers is called. Throws in production, for an origin that is
   * more or less than scheme, host and port, and for a target outside the loopback.
   */
  add(origin: string, target: string): () => void {
    if (this.production) throw new Error('production sends no call anywhere but to its provider')
    if (!URL.canParse(origin) || new URL(origin).origin !== origin || !origin.startsWith('https://')) {
      throw new Error(`not an https origin: ${origin}`)
    }
    if (!LOCAL.test(target)) throw new Error(`not a local origin such as http://127.0.0.1:4010: ${target}`)
    this.#targets.set(origin, target)
    return () => {
      if (this.#targets.get(origin) === target) this.#targets.delete(origin)
    }
  }

  targetOf(url: URL): string | undefined {
    return this.#targets.get(url.origin)
  }
}
