import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identifierOf } from './names.ts'
import { registryRow } from './registry-row.ts'
import { foldersOf, writeRegistry } from './registry.ts'

/** Why there will be no such provider, in one line. */
export class Refused extends Error {}

/**
 * A folder that compiles and whose failing questions lead the way, and its line in the registry. Answers with the next
 * steps; throws {@link Refused} before anything is written.
 */
export function newProvider(id: string, root: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(id) || id.length > 63) {
    throw new Refused(`"${id}" is no registry id: small letters, digits and _, a letter first, 63 at most.`)
  }
  const folders = foldersOf(root)
  const twin = readdirSync(folders).find((name) => identifierOf(name) === identifierOf(id))
  if (twin === id) throw new Refused(`libs/providers/src/${id} is there already.`)
  if (twin) throw new Refused(`"${id}" and "${twin}" would both be called ${identifierOf(id)} in code.`)

  const row = registryRow(root, id)
  const folder = join(folders, id)
  mkdirSync(join(folder, 'fixtures'), { recursive: true })
  const words: Record<string, string> = {
    id,
    identifier: identifierOf(id),
    en: row?.en ?? id.split('_').filter(Boolean).map(capitalised).join(' '),
    ar: row?.ar ?? '',
    category: row?.category ?? 'payment',
    docs: row?.docs ?? '',
    lifecycle: row?.lifecycle ?? 'beta',
    mena: String(row?.mena ?? true),
  }
  for (const [name, template] of Object.entries(templates)) {
    const inCode = name.endsWith('.ts') ? name : undefined
    const text = template.replace(/\{\{(\w+)\}\}/g, (_, word: string) => {
      const value = words[word] ?? ''
      return inCode ? value.replaceAll("'", "\\'") : value
    })
    writeFileSync(join(folder, name === 'spec.ts' ? `${id}.spec.ts` : name), text.replace(/ · $/m, ''))
  }
  writeRegistry(root)
  return nextSteps(id, row !== undefined)
}

const here = new URL('./template/', import.meta.url)
const templates = Object.fromEntries(
  ['index.ts', 'webhook.ts', 'map.ts', 'spec.ts', 'README.md'].map((name) => [
    name,
    readFileSync(new URL(`${name}.txt`, here), 'utf8'),
  ]),
)

function nextSteps(id: string, known: boolean): string {
  const steps = [
    `npm test -- libs/providers/src/${id}: every failing test says what it wants. Answer them one by one.`,
    'Record deliveries, or take the vectors of their documentation, into fixtures/*.json.',
    'No webhooks? Delete webhook.ts and map.ts, and their lines in index.ts.',
    ...(known
      ? []
      : [
          `The registry does not know "${id}" yet. As one new file in migrations/ (its README.md shows each step):`,
        ]),
  ]
  const database = known
    ? []
    : [
        '   the enum value, after its group, MENA before github',
        '   the registry row, with seeded_by',
        '   sort_order, MENA first',
        '   payment capabilities, if it takes money: only what is proved',
        '   countries and currencies, ISO codes; null where it serves all',
      ]
  return [
    `libs/providers/src/${id} is there, with its line in registry.ts. Next:`,
    ...steps.map((step, n) => `${n + 1}. ${step}`),
    ...database,
    `${steps.length + 1}. npm run check`,
  ].join('\n')
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

if (process.argv[1]?.endsWith('new-provider.ts')) {
  const [id, ...more] = process.argv.slice(2)
  try {
    if (id === undefined || more.length > 0)
      throw new Refused('One name, please: npm run new:provider -- salla')
    console.log(newProvider(id, process.cwd()))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
