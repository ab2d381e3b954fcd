import type { FastifyInstance } from 'fastify'

/** Which methods an address takes: asked only where none was found, to tell 405 from 404. */
export class KnownPaths {
  readonly #routes: { pattern: RegExp; method: string }[] = []

  /** Before the first route is made. */
  attach(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      // A wildcard is a folder of files; `..` and the like in it are nobody's address.
      if (url.includes('*')) return
      const pattern = new RegExp(`^${url.split('/').map(segment).join('/')}$`)
      for (const one of [method].flat()) this.#routes.push({ pattern, method: one })
    })
  }

  methodsAt(path: string): string[] {
    const methods = this.#routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    return [...new Set(methods)].sort()
  }
}

function segment(part: string): string {
  return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
