import { durationSeconds } from '@app/config'
import { SCOPES, shownTime } from '@app/http'
import { z } from 'zod'
import type { Project } from './project.ts'

const country = z.string().regex(/^[A-Z]{2}$/)
const name = z.string().trim().min(1).max(200)
const origin = z.string().max(300).refine(isWebOrigin)
const duration = z.string().max(40).refine(isDuration)
const routingIds = z.array(z.string().max(60)).max(100)

const fields = {
  country: country.nullable().optional(),
  data_residency: z.array(country).max(60).optional(),
  return_origins: z.array(origin).max(100).optional(),
  retention: z
    .strictObject({
      bodies: duration.optional(),
      api_logs: duration.optional(),
      events: duration.optional(),
      metrics: duration.optional(),
    })
    .optional(),
  routing: z.strictObject({ prefer: routingIds.optional(), exclude: routingIds.optional() }).optional(),
}

export const newProject = z.strictObject({ name, ...fields })
export const changedProject = z.strictObject({ name: name.optional(), ...fields })
export type ProjectFields = z.infer<typeof changedProject>

export const newKey = z.strictObject({
  name: z.string().trim().max(200).optional(),
  environment: z.enum(['dev', 'staging', 'prod']).optional(),
  scopes: z.array(z.enum(SCOPES)).min(1).max(6).optional(),
  expires_at: z.iso.datetime({ offset: true }).optional(),
})

export const shownProject = z.strictObject({
  id: z.uuid(),
  name: z.string().nullable(),
  country: z.string().nullable(),
  data_residency: z.array(z.string()),
  return_origins: z.array(z.string()),
  retention: z.record(z.string(), z.string()),
  routing: z.strictObject({ prefer: z.array(z.string()), exclude: z.array(z.string()) }),
  created_at: shownTime,
})

export const shownKey = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  environment: z.enum(['dev', 'staging', 'prod']).nullable(),
  scopes: z.array(z.enum(SCOPES)),
  expires_at: shownTime.nullable(),
  last_used_at: shownTime.nullable(),
  revoked_at: shownTime.nullable(),
  created_at: shownTime,
})

export function presentProject(project: Project): Record<string, unknown> {
  const { id, name, country, data_residency, return_origins, retention, routing, created_at } = project
  return {
    id,
    name,
    country,
    data_residency,
    return_origins,
    retention,
    routing: { prefer: [], exclude: [], ...routing },
    created_at: created_at.toISOString(),
  }
}

function isWebOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  // Compared whole: a star would never match anything.
  return (
    !text.includes('*') &&
    url.origin === text &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))
  )
}

function isDuration(text: string): boolean {
  try {
    return durationSeconds(text) > 0
  } catch {
    return false
  }
}
