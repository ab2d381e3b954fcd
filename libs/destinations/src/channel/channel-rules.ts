import type { Cidr } from '@app/config'
import type { z } from 'zod'

/** What a kind of destination takes: checked when one is made or changed, never at a try. */
export interface ChannelRules {
  /** What it needs beside its address and is no secret. */
  config: z.ZodType<Record<string, unknown>>
  credentials: z.ZodType<Record<string, string | undefined>>
  /** The address as it is kept; throws where nothing may go there. User and password are never part of one. */
  url(text: string, allowed: readonly Cidr[]): { href: string }
}
