import { inspect, isDeepStrictEqual } from 'node:util'
import { checkCredentials, type Connector, credsOf, presentFields } from '@app/connector-kit'
import { type Question, unless } from './question.ts'

/** What is asked of the user, and that none of it is ever shown. */
export function credentialQuestions({ credentials, auth }: Connector): Question[] {
  const names = Object.keys(credentials)
  return [
    {
      asks: 'declares credentials that a form can ask for and a check can judge',
      objections: () => [
        ...Object.entries(credentials).flatMap(([name, { pattern }]) => [
          ...unless(/^[a-z][a-z0-9_]*$/.test(name), `credentials.${name}: small letters, digits and _ only.`),
          // "The whole value must match": a pattern without its ends accepts anything around it.
          ...unless(
            !pattern || (/^\^.*\$$/s.test(pattern.source) && pattern.flags === ''),
            `credentials.${name}.pattern: begin with ^, end with $, and use no flags.`,
          ),
        ]),
        ...unless(
          isDeepStrictEqual(
            checkCredentials(credentials, {}).map(({ pointer }) => pointer),
            names.filter((name) => !credentials[name]?.optional).map((name) => `/credentials/${name}`),
          ),
          'The check does not ask for exactly the required credentials.',
        ),
        ...unless(presentFields(credentials).length === names.length, 'The form lacks a credential.'),
      ],
    },
    {
      asks: 'names in its auth only credentials that it declares, and proves itself with a secret one',
      objections: () => {
        // The token of a linked account is no credential that anybody enters.
        if (auth.kind === 'oauth2') return []
        const named = credentialsIn(auth)
        return [
          ...named
            .filter((name) => !names.includes(name))
            .map((name) => `auth names "${name}", which credentials does not declare.`),
          ...unless(
            named.some((name) => credentials[name]?.secret),
            'auth: a proof that is no secret proves nothing; declare it with secret().',
          ),
        ]
      },
    },
    {
      asks: 'never shows a credential in a refusal, a printout or a serialised form',
      objections: () => {
        const canaries = Object.fromEntries(names.map((name, n) => [name, `canary ${n} \u0000 of ${name}`]))
        const secrets = Object.fromEntries(Object.entries(credentials).filter(([, { secret }]) => secret))
        const lent = credsOf(secrets, canaries)
        const shown = [
          JSON.stringify(checkCredentials(credentials, canaries)),
          JSON.stringify(lent),
          inspect(lent, { depth: 9, showHidden: true }),
        ]
        return unless(!shown.join().includes('canary'), 'A credential is shown where people read.')
      },
    },
  ]
}

/** The credentials that a declared proof is made of. */
function credentialsIn(auth: Exclude<Connector['auth'], { kind: 'oauth2' }>): string[] {
  const named = ((): (string | undefined)[] => {
    switch (auth.kind) {
      case 'bearer':
        return [auth.token]
      case 'basic':
        return [auth.user, auth.password]
      case 'header':
      case 'query':
        return [auth.value]
      case 'sign':
        return [auth.region, auth.accessKeyId, auth.secretAccessKey, auth.sessionToken]
      case 'exchange':
        return [
          ...Object.values(auth.send.credentials ?? {}),
          ...(auth.basic ? [auth.basic.user, auth.basic.password] : []),
          ...[...JSON.stringify(auth.at).matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        ]
    }
  })()
  return named.filter((name) => name !== undefined)
}
