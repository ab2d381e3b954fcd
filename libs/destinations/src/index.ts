/** Our events on their way to the customer's own application: signed, retried, in order where asked. */
export { type Address, Channel, type Outcome, type Parcel } from './channel/channel.ts'
