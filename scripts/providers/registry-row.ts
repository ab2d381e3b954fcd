import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the database already knows of a provider. */
export interface RegistryRow {
  en: string
  ar: string
  category: string
  docs: string
  lifecycle: string
  mena: boolean
}

/** The row as the migrations seed it; undefined where no migration names the id. */
export function registryRow(root: string, id: string): RegistryRow | undefined {
  const folder = join(root, 'migrations')
  const sql = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const text = `'((?:[^']|'')*)'`
  const row = new RegExp(
    `\\(\\d+, '${id}', ${text}, ${text}, '([a-z]+)'[^]*?(true|false),\\n[^]*?'(https:[^']+)', (?:'https:[^']+'|NULL), '(stable|beta|dormant)'`,
  ).exec(sql)
  if (!row) return undefined
  const [en = '', ar = '', category = '', mena, docs = '', lifecycle = ''] = row
    .slice(1)
    .map((value) => value.replaceAll("''", "'"))
  return { en, ar, category, docs, lifecycle, mena: mena === 'true' }
}
