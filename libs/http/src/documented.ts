import { applyDecorators } from '@nestjs/common'
import { ApiExtension, ApiResponse } from '@nestjs/swagger'
import { z } from 'zod'
import type { ProblemKind } from './problem.ts'

/** Where a call names its own refusals, for whoever writes the document: all members that begin so. */
export const REFUSALS = 'x-wasl-refusals'

export type DocumentedRefusal = readonly [status: number, code: string]

/** A time as every answer shows it. */
export const shownTime = z.iso.datetime()

/** What a call answers when it goes well, and the refusals that are its own; the general ones need no word. */
export function Answers(status: number, schema: z.ZodType, ...refusals: ProblemKind[]): MethodDecorator {
  return applyDecorators(ApiResponse({ status, standardSchema: schema as never }), Refuses(...refusals))
}

/** The refusals that are a call's own. */
export function Refuses(...refusals: ProblemKind[]): MethodDecorator {
  const told: DocumentedRefusal[] = refusals.map(({ status, code }) => [status, code])
  // Under a name of its own: several decorators of a call may tell of some, and of one name only one list is kept.
  return ApiExtension([REFUSALS, ...told.flat()].join('-'), told)
}

/** A page of these. */
export function pageSchema(item: z.ZodType): z.ZodType {
  return z.strictObject({ data: z.array(item), next_cursor: z.string().nullable() })
}
