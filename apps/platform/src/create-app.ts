import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { Logger, type LoggerService, type Type } from '@nestjs/common'
import { Settings } from '@app/config'
import {
  answerClientError,
  answerProblem,
  KnownPaths,
  NotFound,
  requestId,
  RequestLog,
  securityHeaders,
} from '@app/http'
import { Telemetry } from '@app/metrics'
import { IngestRoute } from '@app/webhooks'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { serveDocs } from './docs.ts'
import { askedOnlyHowItIs, keepFrontDoor, readJson } from './front-door.ts'
import { PlatformModule } from './platform.module.ts'

const MIB = 1024 * 1024
const SERVER = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 72_000,
  maxHeaderSize: 16 * 1024,
}

/** The whole HTTP side, ready to listen: what `npm start` serves and what the tests drive. */
export async function createApp(
  databaseUrl: string,
  logger: LoggerService | false,
  also: Type[] = [],
): Promise<NestFastifyApplication> {
  /** Known once the modules are made; the server is needed before. */
  const webhooks: { route?: IngestRoute; telemetry?: Telemetry } = {}
  const adapter = new FastifyAdapter({
    bodyLimit: MIB,
    // Deliveries do not pass through Fastify; everything else does.
    serverFactory: (handle: RequestListener) =>
      createServer(SERVER, (request, response) => {
        const { route, telemetry } = webhooks
        if (!route?.takes(request)) handle(request, response)
        else telemetry?.delivery(request, response, () => route.answer(request, response))
      }),
    genReqId: ({ headers }: IncomingMessage) => requestId(headers),
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    // A malformed percent-encoding in a path is an address that does not exist.
    frameworkErrors: (_error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers(securityHeaders).header('x-request-id', request.id)
      answerProblem(request, reply, NotFound())
    },
  })
  const fastify = adapter.getInstance()
  keepFrontDoor(fastify)
  const app = await NestFactory.create<NestFastifyApplication>(
    PlatformModule.at(databaseUrl, also),
    adapter,
    {
      logger,
      bufferLogs: false,
      abortOnError: false,
    },
  )
  await app.get(Telemetry).start(fastify)
  new RequestLog(new Logger('request'), app.get(Settings).get('TRUSTED_PROXIES')).attach(fastify)
  app.get(KnownPaths).attach(fastify)
  app.useBodyParser('application/json', { bodyLimit: MIB }, readJson(fastify))
  if (app.get(Settings).runs('api')) {
    webhooks.route = app.get(IngestRoute)
    webhooks.telemetry = app.get(Telemetry)
    serveDocs(app)
  } else askedOnlyHowItIs(fastify)
  await app.init()
  return app
}
