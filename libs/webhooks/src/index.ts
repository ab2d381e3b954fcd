/** What providers tell us: verified, kept, audited. 200 to a sender means: body and row are both durable. */
export { IngestRoute } from './ingest/ingest.route.ts'
export { WebhooksModule } from './webhooks.module.ts'
