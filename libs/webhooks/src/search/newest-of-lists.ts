import type { IdRange } from './time-of-ids.ts'
import type { Values } from './values.ts'

/** A list of events for each connection `l.id`, in an index that ends with their ids. All of it is SQL written by us. */
export interface Lists {
  from: string
  /** The columns of the index before the ids, and what they must be. */
  key: readonly [column: string, value: string][]
  id: string
  /** What else must hold of a row. */
  only: string
}

/**
 * The newest `most` of many lists together, as CTEs of which the last is `name (id)`. First the head of every list: of
 * those with the newest heads, the first can give all the rows that are asked for, the second all but one, and so on. So
 * a list costs one look into an index, and a thousand lists little more than a thousand. An event may be in `overlap` of
 * the kinds of lists at once.
 *
 * Keys are compared as rows, `(a, id) < (b, c)`, and rows are asked for in the order of all columns: only the index that
 * is meant can answer so, whatever the statistics say of a table that grows by the second.
 */
export function newestOfLists(
  lists: readonly Lists[],
  ranges: readonly IdRange[],
  { name, most, overlap = 1, values }: { name: string; most: number; overlap?: number; values: Values },
): string {
  const kinds = lists.flatMap((list) => ranges.map((range) => ({ list, range })))
  const places = most * overlap
  const eachKind = (pick: (rows: (limit: string) => string, kind: number) => string): string =>
    kinds.map(({ list, range }, kind) => pick((limit) => rowsOf(list, range, limit, values), kind)).join(`
    UNION ALL `)
  return `${name}_heads AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY head DESC) AS place FROM (
    ${eachKind(
      (rows, kind) =>
        `SELECT ${kind} AS kind, l.id, h.id AS head FROM connections l CROSS JOIN LATERAL (${rows('1')}) h`,
    )}) h
    ORDER BY head DESC LIMIT ${places}
  ), ${name} AS MATERIALIZED (
    SELECT DISTINCT id FROM (
    ${eachKind(
      (rows, kind) =>
        `SELECT m.id FROM ${name}_heads l CROSS JOIN LATERAL (${rows(`${places} - l.place + 1`)}) m WHERE l.kind = ${kind}`,
    )}) m
    ORDER BY id DESC LIMIT ${most}
  )`
}

function rowsOf({ from, key, id, only }: Lists, range: IdRange, limit: string, values: Values): string {
  const columns = [...key.map(([column]) => column), id]
  const row = `(${columns.join(', ')})`
  const bound = (of: string): string =>
    `(${[...key.map(([, value]) => value), values.bind(of, 'uuid')].join(', ')})`
  return `SELECT ${id} AS id FROM ${from}
      WHERE ${row} < ${bound(range.end)} AND ${row} >= ${bound(range.least)} AND ${only}
      ORDER BY ${columns.map((column) => `${column} DESC`).join(', ')} LIMIT ${limit}`
}
