/** The manners of our own API: problems, pages, request ids, who may. */
export { answerClientError } from './client-error.ts'
export { clientAddress } from './client-address.ts'
export { Answers, type DocumentedRefusal, pageSchema, REFUSALS, Refuses, shownTime } from './documented.ts'
export * from './http.problems.ts'
export { HttpModule } from './http.module.ts'
export { KnownPaths } from './known-paths.ts'
export { languageOf } from './language.ts'
export { keyOfCursor, limitOf, type Page, pageOf, pageQuery, type PageRequest, UUID_KEY } from './page.ts'
export { PassesThrough } from './passes-through.ts'
export { presentProblem } from './present-problem.ts'
export { answerProblem, asKnownProblem, ProblemFilter, writeProblem } from './problem.filter.ts'
export { catalogueOfProblems, type FieldProblem, Problem, problem, type ProblemKind } from './problem.ts'
export { NotReady, Readiness } from './readiness.ts'
export { onRefusal, type Refusal } from './refusals.ts'
export { type LineSink, RequestLog } from './request-log.ts'
export { requestId } from './request-id.ts'
export { securityHeaders } from './security-headers.ts'
export type { Language, Text } from './text.ts'
export { newId, UuidPath } from './uuid-path.ts'
export { Checked, isStorable, structureProblems } from './validation.ts'
export {
  CalledBy,
  type CalledRequest,
  type Caller,
  Needs,
  NEEDS,
  Open,
  type Scope,
  SCOPES,
} from './who-may.ts'
