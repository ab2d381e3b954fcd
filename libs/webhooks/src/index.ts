/** What providers tell us: verified, kept, audited. 200 to a sender means: body and row are both durable. */
export { IngestRoute } from './ingest/ingest.route.ts'
/** `FactsObserved`: who keeps payments, messages or shipments listens here. */
export { type Fact, type FactListener, Facts, type Origin, type Reaction } from './processing/facts.ts'
/** The event that a fact makes by itself, for facts about what is not ours. */
export { plainNews } from './processing/plain-news.ts'
export { ProcessEvents } from './processing/process-events.ts'
/** What other rooms know of an event, for the page on which it is looked at. */
export { type DeliveriesSource, Timeline, type TimelineSource } from './timeline/timeline.ts'
export type { DeliverySummary, TimelineEntry } from './timeline/timeline.api.ts'
export { WebhooksModule } from './webhooks.module.ts'
