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
      Object.assign(document.paths, WEBHOOK_PATH)
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
