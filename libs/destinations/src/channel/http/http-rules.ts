import { guardedUrl } from '@app/egress'
import { z } from 'zod'
import type { ChannelRules } from '../channel-rules.ts'

/** An address is all there is: who is calling is told by the signature. */
export const httpRules: ChannelRules = {
  config: z.strictObject({}),
  credentials: z.strictObject({}),
  url: (text, allowed) => {
    const url = guardedUrl(text, allowed)
    url.hash = ''
    return url
  },
}
