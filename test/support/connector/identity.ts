import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Connector, Text } from '@app/connector-kit'
import { type Question, unless } from './question.ts'

const ARABIC = /[\u0600-\u06ff]/

/** Who they are, where they are, and what lies in their folder. */
export function identityQuestions(connector: Connector, folder: string): Question[] {
  const { manifest, endpoints } = connector
  return [
    {
      asks: 'is in the folder of its registry id',
      objections: () => [
        ...unless(
          /^[a-z][a-z0-9_]{0,62}$/.test(manifest.id),
          `manifest.id: "${manifest.id}" is no registry id; small letters, digits and _ only.`,
        ),
        ...unless(
          basename(folder) === manifest.id,
          `Name the folder ${basename(folder)} and manifest.id alike.`,
        ),
      ],
    },
    {
      asks: 'has a page that answers what it was asked, and says what is not verified',
      objections: () => pageObjections(join(folder, 'README.md')),
    },
    {
      asks: 'tells where its documentation is',
      objections: () =>
        httpsObjections(manifest.docs).map(
          (wrong) => `manifest.docs: give the address of their documentation; ${wrong}`,
        ),
    },
    {
      asks: 'is reached by https only, at a closed list of hosts',
      objections: () => [
        ...unless(endpoints.length > 0, 'endpoints: name the base address that its API is reached at.'),
        ...endpoints.flatMap(({ url }) => httpsObjections(url).map((wrong) => `endpoints: ${wrong}`)),
      ],
    },
    { asks: 'speaks both languages wherever people read', objections: () => languageObjections(connector) },
    {
      asks: 'reaches neither network, clock, database nor console',
      objections: () => sourceObjections(folder),
    },
  ]
}

function pageObjections(file: string): string[] {
  if (!existsSync(file))
    return ['Write a README.md: where their docs are, what is odd, what is not verified.']
  const page = readFileSync(file, 'utf8')
  return [
    ...page
      .split('\n')
      .flatMap((line, n) =>
        /TODO|\?\?\?/.test(line)
          ? [`README.md, line ${n + 1}, still asks: ${line.replace(/^.*?(TODO:?|\?\?\?)\s*/, '')}`]
          : [],
      ),
    ...unless(/not verified/i.test(page), 'README.md: say what is not verified, or that nothing is left.'),
  ]
}

function httpsObjections(text: string): string[] {
  if (!URL.canParse(text)) return [`"${text}" is no address.`]
  const { protocol, username, password, search, hash } = new URL(text)
  return unless(
    protocol === 'https:' && username + password + search + hash === '',
    `${text} is not plain https; leave user, query and fragment out.`,
  )
}

function languageObjections({ manifest, credentials, webhooks }: Connector): string[] {
  const texts: [string, Text][] = [
    ['manifest.name', manifest.name],
    ...Object.entries(credentials).flatMap(([name, { label, help }]): [string, Text][] => [
      [`credentials.${name}.label`, label],
      [`credentials.${name}.help`, help],
    ]),
    ...(webhooks
      ? ([
          ['webhooks.setup', webhooks.setup],
          ['webhooks.verification', webhooks.verification],
          ...(webhooks.needs ? [['webhooks.needs.help', webhooks.needs.help]] : []),
        ] as [string, Text][])
      : []),
  ]
  return texts.flatMap(([where, { en, ar }]) => [
    ...unless(en.trim() !== '' && !ARABIC.test(en), `${where}.en: say it in English.`),
    ...unless(ARABIC.test(ar), `${where}.ar: say it in Arabic.`),
  ])
}

/** A connector is data and pure functions: what it needs from the world the platform lends it. */
function sourceObjections(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      const imported = [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
        (found) => found[1] ?? '',
      )
      const strange = imported.filter((target) => !/^(\.\/|@app\/(connector-kit|secrets)$)/.test(target))
      const reached = text.match(
        /Date\.now|new Date\(\)|performance\.|\bfetch\(|process\.|console\.|globalThis/g,
      )
      return [
        ...strange.map(
          (target) => `${name} imports ${target}: only its own files, connector-kit and Secret.`,
        ),
        ...(reached ?? []).map((what) => `${name} uses ${what}: take http and now() from what is lent.`),
      ]
    })
}
