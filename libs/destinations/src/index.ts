/** Our events on their way to the customer's own application: signed, retried, in order where asked. */
export { type Address, Channel, type Outcome, type Parcel } from './channel/channel.ts'
export { DestinationsModule } from './destinations.module.ts'
export { placeOf as placeOfSecrets } from './signing/destination-vault.ts'
