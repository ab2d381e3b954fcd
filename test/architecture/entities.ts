import type { MikroORM } from '@mikro-orm/postgresql'
import type pg from 'pg'

interface Column {
  type: string
  nullable: boolean
  default: string | null
}
type Columns = Map<string, Column>

/** Where what is mapped and what is in the database differ: a line each. Empty: they agree. */
export async function differences(orm: MikroORM, client: pg.ClientBase): Promise<string[]> {
  const found: string[] = []
  for (const meta of [...orm.getMetadata().getAll().values()]) {
    const mapped: Columns = new Map()
    for (const prop of meta.props) {
      if (prop.persist === false) continue
      mapped.set(prop.fieldNames[0] ?? prop.name, {
        type: await asDatabaseCallsIt(client, prop.columnTypes[0] ?? ''),
        nullable: prop.nullable === true,
        default: withoutCast(prop.defaultRaw ?? null),
      })
    }
    const name = meta.className
    if (typeof meta.expression === 'string') {
      // What is read through a question has its columns and types; a view's know no `NOT NULL` and no default.
      await client.query(`CREATE OR REPLACE TEMP VIEW asked AS ${meta.expression}`)
      found.push(...compare(name, mapped, await columnsOf(client, 'asked'), ['type']))
      await client.query('DROP VIEW asked')
    } else {
      const actual = await columnsOf(client, meta.tableName)
      found.push(...compare(name, mapped, actual, ['type', 'nullable', 'default']))
    }
  }
  return found.sort()
}

export async function tablesOf(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1",
  )
  return rows.map(({ name }) => name)
}

export function mappedTables(orm: MikroORM): string[] {
  return [...orm.getMetadata().getAll().values()]
    .filter(({ expression }) => expression === undefined)
    .map(({ tableName }) => tableName)
    .sort()
}

function compare(name: string, mapped: Columns, actual: Columns, aspects: (keyof Column)[]): string[] {
  const found: string[] = []
  for (const [column, here] of mapped) {
    const there = actual.get(column)
    if (!there) found.push(`${name}.${column}: mapped, but there is no such column`)
    else
      for (const aspect of aspects)
        if (here[aspect] !== there[aspect])
          found.push(`${name}.${column}: ${aspect} is mapped as ${here[aspect]}, but is ${there[aspect]}`)
  }
  for (const column of actual.keys())
    if (!mapped.has(column)) found.push(`${name}.${column}: a column, but not mapped`)
  return found
}

async function columnsOf(client: pg.ClientBase, table: string): Promise<Columns> {
  const { rows } = await client.query<Column & { name: string }>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
       pg_get_expr(d.adbin, d.adrelid) AS default
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`,
    [table],
  )
  return new Map(
    rows.map(({ name, type, nullable, default: value }) => [
      name,
      { type, nullable, default: withoutCast(value) },
    ]),
  )
}

/** `int` and `integer` are one type; PostgreSQL knows its synonyms best. */
async function asDatabaseCallsIt(client: pg.ClientBase, type: string): Promise<string> {
  const { rows } = await client.query<{ name: string | null }>(
    'SELECT format_type(to_regtype($1), null) AS name',
    [type],
  )
  return rows[0]?.name ?? `${type}, which the database does not know`
}

/** `'0'::bigint` and `0` are one default. */
function withoutCast(expression: string | null): string | null {
  return expression?.replace(/::[\w ]+(\[\])?$/, '').replace(/^'(-?\d+)'$/, '$1') ?? null
}
