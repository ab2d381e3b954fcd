const RESERVED = new Set(
  (
    'arguments async await break case catch class const continue debugger default delete do else enum eval export ' +
    'extends false finally for function if implements import in instanceof interface let new null package private ' +
    'protected public return static super switch this throw true try typeof var void while with yield ' +
    // What a connector's own files already call by that name.
    'undefined webhooks secret defineConnector describeConnector'
  ).split(' '),
)

/** The name that a folder's `index.ts` exports its connector by: `tap_payments` → `tapPayments`. */
export function identifierOf(id: string): string {
  const name = id.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return RESERVED.has(name) ? `${name}_` : name
}
