import { type Problem } from './problem.ts'
import { titleOf } from './status-titles.ts'
import type { Language } from './text.ts'

/** A problem as it goes over the wire (RFC 9457 with our members). */
export function presentProblem(
  problem: Problem,
  language: Language,
  requestId: string,
): Record<string, unknown> {
  const { kind, circumstances } = problem
  return {
    type: `urn:wasl:problem:${kind.code}`,
    title: titleOf(kind.status)[language],
    status: kind.status,
    detail: problem.detail(language),
    code: kind.code,
    request_id: requestId,
    ...circumstances.members,
    ...(circumstances.errors && {
      errors: circumstances.errors.map(({ pointer, code, message }) => ({
        pointer,
        code,
        message: message[language],
      })),
    }),
  }
}
