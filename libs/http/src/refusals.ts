import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Problem } from './problem.ts'

/** A problem that was just answered: to a call of the API, or to a delivery, which no framework sees. */
export interface Refusal {
  call?: { request: FastifyRequest; reply: FastifyReply }
  delivery?: { request: IncomingMessage; requestId: string }
  problem: Problem
}

const news = channel('wasl:http:refusals')

/** Who answers need not know who listens; where nobody does, it costs nothing. */
export function announceRefusal(refusal: Refusal): void {
  news.publish(refusal)
}

/** Returns how to stop listening. */
export function onRefusal(listener: (refusal: Refusal) => void): () => void {
  const hear = (refusal: unknown): void => {
    listener(refusal as Refusal)
  }
  news.subscribe(hear)
  return () => {
    news.unsubscribe(hear)
  }
}
