/** Events of ours on their way out: written with the change that they tell of, and given to whoever sends them. */
export { type CloudEvent, envelopeOf } from './cloud-event.ts'
export { idOf } from './event-id.ts'
export { type News, OutgoingEvent } from './outgoing-event.ts'
export { Outbox } from './outbox.ts'
export { OutboxModule } from './outbox.module.ts'
