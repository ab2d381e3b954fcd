import type { CloudEvent } from '@app/outbox'
import type { Parcel } from '../channel/channel.ts'
import { signingSecrets, type StoredSecrets } from './destination-vault.ts'
import { signedHeaders } from './signature.ts'

/** An event as it goes out now. */
export function parcelOf(
  event: CloudEvent,
  stored: StoredSecrets,
  { orderKey, at }: { orderKey: string | null; at: Date },
): Parcel {
  const body = JSON.stringify(event)
  const signature = signedHeaders(event.id, body, { secrets: signingSecrets(stored, at), at })
  return { event, body, signature, orderKey }
}
