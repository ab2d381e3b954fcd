import { eventTypes } from '@app/connector-kit'
import { pageQuery, shownTime } from '@app/http'
import { z } from 'zod'
import { type Kind, kinds } from '../channel/channels.ts'
import type { Destination } from './destination.ts'
import { isFilter } from './event-filter.ts'

const environment = z.enum(['dev', 'staging', 'prod'])
const kind = z.enum(Object.keys(kinds) as [Kind, ...Kind[]])
const name = z.string().trim().min(1).max(100)
const url = z.string().min(1).max(2_000)
const types = z
  .array(
    z
      .string()
      .max(60)
      .refine(isFilter, {
        params: {
          code: 'unknown_type',
          message: {
            en: 'No event is called that. Use a type such as `payment.captured`, or a family such as `payment.*`.',
            ar: 'لا يوجد حدث بهذا الاسم. استخدم نوعًا مثل `payment.captured` أو مجموعة مثل `payment.*`.',
          },
        },
      }),
  )
  .max(100)
const providers = z.array(z.string().min(1).max(60)).max(100)
/** More, when there is a second form of the envelope. */
const schemaMajor = z.literal(1)
/** What each kind takes of these is in `channel/`. */
const open = z.record(z.string().max(60), z.unknown())

export const newDestination = z.strictObject({
  kind: kind.default('http'),
  url,
  name: name.optional(),
  environment: environment.optional(),
  types: types.default([]),
  providers: providers.default([]),
  ordered: z.boolean().default(false),
  schema_major: schemaMajor.default(1),
  config: open.default({}),
  credentials: open.default({}),
})
export type NewDestination = z.infer<typeof newDestination>

export const changedDestination = z.strictObject({
  url: url.optional(),
  name: name.nullable().optional(),
  types: types.optional(),
  providers: providers.optional(),
  ordered: z.boolean().optional(),
  schema_major: schemaMajor.optional(),
  config: open.optional(),
  credentials: open.optional(),
  status: z.enum(['enabled', 'disabled']).optional(),
})
export type ChangedDestination = z.infer<typeof changedDestination>

const statuses = ['enabled', 'disabled', 'deleted'] as const

export const destinationsQuery = z.strictObject({
  ...pageQuery,
  environment: environment.optional(),
  status: z.enum(statuses).optional(),
})
export type DestinationsQuery = z.infer<typeof destinationsQuery>

export const wishedTest = z.strictObject({ type: z.enum([...eventTypes]).optional() })

export const shownDestination = z.strictObject({
  id: z.uuid(),
  version: z.int(),
  project_id: z.uuid(),
  environment: environment.nullable(),
  kind: z.string(),
  url: z.string(),
  name: z.string().nullable(),
  types: z.array(z.string()),
  providers: z.array(z.string()),
  ordered: z.boolean(),
  schema_major: z.int(),
  config: z.record(z.string(), z.unknown()),
  status: z.enum(statuses),
  disabled_reason: z.string().nullable(),
  failing_since: shownTime.nullable(),
  last_success_at: shownTime.nullable(),
  created_at: shownTime,
  updated_at: shownTime,
})

/** The same, with the signing secret: at its making and at a rotation, and never again. */
export const shownWithSecret = shownDestination.extend({ secret: z.string() })

export const shownTest = z.strictObject({
  event_id: z.uuid(),
  type: z.string(),
  delivered: z.boolean(),
  code: z.string(),
  status: z.int().nullable(),
  ms: z.int(),
  excerpt: z.string().nullable(),
})

/** The only way a destination leaves the house: secrets cannot pass it. */
export function presentDestination(destination: Destination): Record<string, unknown> {
  return {
    id: destination.id,
    version: destination.version,
    project_id: destination.project_id,
    environment: destination.environment,
    kind: destination.kind,
    url: destination.url,
    name: destination.name,
    types: destination.types,
    providers: destination.providers,
    ordered: destination.ordered,
    schema_major: destination.schema_major,
    config: destination.config,
    status: destination.status,
    disabled_reason: destination.disabled_reason,
    failing_since: destination.failing_since,
    last_success_at: destination.last_success_at,
    created_at: destination.created_at,
    updated_at: destination.updated_at,
  }
}
