/** What providers tell us: verified, kept, audited. 200 to a sender means: body and row are both durable. */
export { IngestRoute } from './ingest/ingest.route.ts'
/** What other rooms know of an event, for the page on which it is looked at. */
export { type DeliveriesSource, Timeline, type TimelineSource } from './timeline/timeline.ts'
export type { DeliverySummary, TimelineEntry } from './timeline/timeline.api.ts'
export { WebhooksModule } from './webhooks.module.ts'
