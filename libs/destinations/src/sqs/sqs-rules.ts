import type { Cidr } from '@app/config'
import { EgressFailure, guardedUrl } from '@app/egress'
import { z } from 'zod'
import { secretText } from '../broker/credentials.ts'

const REGION = /^[a-z]{2}(-[a-z]{2,12}){1,3}-\d$/

const config = z.strictObject({
  /** Where the address does not name it. */
  region: z.string().regex(REGION).optional(),
})

const credentials = z.strictObject({
  access_key_id: z.string().regex(/^[A-Z0-9]{16,128}$/),
  secret_access_key: secretText,
  session_token: z.string().min(1).max(8_192).optional(),
})

/** What a destination of the kind `sqs` takes. */
export const sqsRules = {
  config,
  credentials,
  /** A queue's URL: `https://sqs.me-south-1.amazonaws.com/123456789012/events`, or one ending in `.fifo`. */
  url: (text: string, allowed: readonly Cidr[]): URL => {
    const url = guardedUrl(text, allowed)
    const isQueue = /^\/\d{12}\/[\w-]{1,80}(\.fifo)?$/.test(url.pathname)
    if (!isQueue || url.search !== '' || url.hash !== '') throw new EgressFailure('url', { effect: 'none' })
    return url
  },
}

/** Which region's signature a queue wants; undefined: its address does not say. */
export function regionOf({ hostname }: URL): string | undefined {
  const [, before] = /^([a-z0-9-]+)\.queue\.amazonaws\.com$/.exec(hostname) ?? []
  const [, after] = /(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\./.exec(hostname) ?? []
  const region = before ?? after
  return region !== undefined && REGION.test(region) ? region : undefined
}
