import { type DocumentedRefusal, REFUSALS } from '@app/http'
import type { OpenAPIObject } from '@nestjs/swagger'

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** Every operation says with which problems it may refuse: its own, and those that its kind of call brings with it. */
export function documentRefusals(document: OpenAPIObject): void {
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM },
  }
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method]
      if (operation && !path.startsWith('/health') && path !== '/metrics') addRefusals(operation)
    }
  }
}

function addRefusals(operation: Operation): void {
  const members = operation as unknown as Record<string, unknown>
  const told = Object.keys(members).filter((name) => name.startsWith(REFUSALS))
  const own = told.flatMap((name) => members[name] as DocumentedRefusal[])
  for (const name of told) Reflect.deleteProperty(members, name)
  const codes = new Map<number, Set<string>>()
  for (const [status, code] of [...own, ...generalOf(operation)]) {
    codes.set(status, (codes.get(status) ?? new Set()).add(code))
  }
  for (const [status, names] of [...codes].sort(([a], [b]) => a - b)) {
    operation.responses[status] = {
      description: [...names].map((name) => `\`${name}\``).join(', '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }
  }
}

function generalOf({ security, parameters = [], requestBody }: Operation): DocumentedRefusal[] {
  const at = (place: string): boolean => parameters.some((one) => 'in' in one && one.in === place)
  return [
    ...(at('query') ? [[400, 'invalid_request'] as const] : []),
    ...(security ? [[401, 'unauthorized'] as const, [403, 'forbidden'] as const] : []),
    ...(at('path') ? [[404, 'not_found'] as const] : []),
    ...(requestBody
      ? ([
          [400, 'invalid_request'],
          [413, 'payload_too_large'],
          [422, 'invalid_request'],
        ] as const)
      : []),
    [415, 'unsupported_media_type'],
    [429, 'rate_limited'],
    [431, 'headers_too_large'],
    [500, 'internal'],
    [503, 'unavailable'],
  ]
}

const text = { type: 'string' } as const

/** RFC 9457, with our members. */
const PROBLEM = {
  type: 'object' as const,
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string' as const, format: 'uri' },
    title: text,
    status: { type: 'integer' as const },
    detail: text,
    code: { ...text, description: 'Stable; what a program decides by.' },
    request_id: text,
    errors: {
      type: 'array' as const,
      description: 'Each broken field of the input.',
      items: {
        type: 'object' as const,
        required: ['pointer', 'code', 'message'],
        properties: { pointer: text, code: text, message: text },
      },
    },
  },
}
