import type { INestApplication } from '@nestjs/common'
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { z } from 'zod'

/** `/openapi.json` and `/docs`, made from the controllers and their schemas. */
export function serveDocs(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Wasl · وصل')
    .setDescription('The integration platform at home in the Middle East and North Africa.')
    .setVersion('1')
    .addBearerAuth()
    .setOpenAPIVersion('3.1.0')
    .build()
  SwaggerModule.setup(
    'docs',
    app,
    () => {
      const document = SwaggerModule.createDocument(app, config, {
        standardSchemaConverter: (schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) => {
          if (!(schema instanceof z.ZodType)) return undefined
          const { $schema: _, ...json } = z.toJSONSchema(schema, { io: schemaType, unrepresentable: 'any' })
          return { schema: json, components: {} }
        },
      })
      Object.assign(document.paths, WEBHOOK_PATH, PROXY_PATH)
      return document
    },
    { jsonDocumentUrl: 'openapi.json', yamlDocumentUrl: 'openapi.yaml', customSiteTitle: 'Wasl · وصل' },
  )
}

/** The ingest route lies outside Nest, so it is described by hand. */
const WEBHOOK_PATH = {
  '/webhooks/{provider}/{webhook_key}': {
    post: {
      tags: ['webhooks'],
      summary: 'Where a provider delivers. 200 only when body and event row are durable.',
      parameters: ['provider', 'webhook_key'].map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      responses: {
        200: { description: '`{event_id, duplicate}`' },
        401: { description: '`signature_invalid`: kept in the quarantine for 24 hours' },
        404: { description: 'No such address' },
        413: { description: 'Larger than accepted' },
        503: { description: 'Not kept; come again (`Retry-After`)' },
      },
    },
  },
}

/** The proxy takes whatever its provider takes; an operation for each method would say the same seven times. */
const PROXY_PATH = {
  '/v1/projects/{p}/connections/{id}/proxy/{path}': {
    parameters: ['p', 'id', 'path'].map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string', ...(name !== 'path' && { format: 'uuid' }) },
    })),
    ...Object.fromEntries(
      ['get', 'head', 'options', 'post', 'put', 'patch', 'delete'].map((method) => [
        method,
        {
          tags: ['connections'],
          operationId: `proxy_${method}`,
          summary:
            'The provider’s own API with the credentials of the connection: query, body, status and headers pass through.',
          security: [{ bearer: [] }],
          responses: {
            default: { description: 'Whatever the provider answers, 10 MiB at most' },
            409: { description: '`invalid_state`: the connection is in no state to be used' },
            413: { description: '`payload_too_large`: 10 MiB at most' },
            424: { description: '`connection_unauthorized`: no token for these credentials' },
            429: { description: '`rate_limited`: the limit of the registry (`Retry-After`)' },
            502: { description: '`provider_error`, with `effect`' },
            503: { description: '`provider_unavailable`: nothing was sent' },
            504: { description: '`provider_timeout`, with `effect`' },
          },
        },
      ]),
    ),
  },
}
