import { RouteConfig } from '@nestjs/platform-fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    passesThrough?: boolean
  }
}

/** A route that takes bodies of every type, unread: it reads `request.raw` itself, and counts. */
export function PassesThrough(): MethodDecorator {
  return RouteConfig({ passesThrough: true })
}
