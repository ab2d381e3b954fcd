import type { INestApplication } from '@nestjs/common'
import { REFUSALS } from '@app/http'
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger'
import { z } from 'zod'
import { documentRefusals } from './document-refusals.ts'

/** `/openapi.json` and `/docs`, made from the controllers and their schemas. */
export function serveDocs(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Wasl · وصل')
    .setDescription('The integration platform at home in the Middle East and North Africa.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The admin key, or a key of a project.' })
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
      Object.assign(document.paths, OUTSIDE_NEST, PROXY_PATH)
      documentRefusals(document)
      return document
    },
    { jsonDocumentUrl: 'openapi.json', yamlDocumentUrl: 'openapi.yaml', customSiteTitle: 'Wasl · وصل' },
  )
}

/** What lies outside Nest is described by hand. */
const OUTSIDE_NEST: OpenAPIObject['paths'] = {
  '/metrics': {
    get: {
      summary: 'Counters and times, for Prometheus.',
      responses: { 200: { description: 'Prometheus text', content: { 'text/plain': {} } } },
    },
  },
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
        200: {
          description: 'Kept, or known already',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['event_id', 'duplicate'],
                properties: {
                  event_id: { type: 'string', format: 'uuid' },
                  duplicate: { type: 'boolean' },
                },
              },
            },
          },
        },
      },
      ...{
        'x-wasl-refusals': [
          [400, 'invalid_request'],
          [401, 'signature_invalid'],
          [405, 'method_not_allowed'],
          [413, 'payload_too_large'],
          [503, 'residency_unmet'],
        ],
      },
    },
  },
}

/** The proxy takes whatever its provider takes (HEAD and OPTIONS too); one description for each method. */
const PROXY_PATH = {
  '/v1/projects/{p}/connections/{id}/proxy/{path}': Object.fromEntries(
    ['get', 'post', 'put', 'patch', 'delete'].map((method) => [
      method,
      {
        tags: ['connections'],
        operationId: `proxy_${method}`,
        summary:
          'The provider’s own API with the credentials of the connection: query, body, status and headers pass through.',
        security: [{ bearer: [] }],
        parameters: ['p', 'id', 'path'].map((name) => ({
          name,
          in: 'path',
          required: true,
          schema: { type: 'string', ...(name !== 'path' && { format: 'uuid' }) },
        })),
        responses: {
          '2XX': {
            description: 'Whatever the provider answers, of any status; 10 MiB at most',
            content: { 'application/octet-stream': {} },
          },
        },
        [REFUSALS]: [
          [409, 'invalid_state'],
          [413, 'payload_too_large'],
          [424, 'connection_unauthorized'],
          [502, 'provider_error'],
          [503, 'provider_unavailable'],
          [504, 'provider_timeout'],
        ],
      },
    ]),
  ),
}
