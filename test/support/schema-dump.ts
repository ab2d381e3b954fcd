import type pg from 'pg'
import { sql } from './database.ts'

/**
 * What the migrations have made, as SQL in an order that does not change: types, tables, indexes, triggers, policies,
 * grants, functions. From pg_catalog, because the embedded server brings no pg_dump.
 */
export async function schemaDump(from: string | pg.Client): Promise<string> {
  const parts =
    typeof from === 'string'
      ? await sql<{ text: string }>(from, DUMP)
      : (await from.query<{ text: string }>(DUMP)).rows
  return parts.map(({ text }) => `${text}\n`).join('\n')
}

const OURS = "'public'::regnamespace"

const DUMP = `
WITH tables AS (
  SELECT oid, relname AS name, reloptions, relrowsecurity, relacl FROM pg_class WHERE relnamespace = ${OURS} AND relkind IN ('r', 'p')
), lines AS (
  SELECT t.oid, 1 AS part, lpad(a.attnum::text, 4, '0') AS place,
    concat_ws(' ', '  ' || quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
      'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attnotnull THEN 'NOT NULL' END) AS line
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  UNION ALL
  -- PostgreSQL 18 names NOT NULL too; the columns say it already.
  SELECT t.oid, 2, CASE c.contype WHEN 'p' THEN '' ELSE c.conname END, format('  CONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid))
  FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype <> 'n'
), parts (kind, name, text) AS (
  SELECT 1, t.typname::text, format(E'CREATE TYPE %I AS ENUM (\\n  %s\\n);', t.typname,
    string_agg(quote_literal(e.enumlabel), E',\\n  ' ORDER BY e.enumsortorder))
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = ${OURS} GROUP BY t.typname
  UNION ALL
  SELECT 2, t.name::text, concat_ws(E'\\n',
    format(E'CREATE TABLE %I (\\n%s\\n)%s;', t.name,
      (SELECT string_agg(line, E',\\n' ORDER BY part, place COLLATE "C") FROM lines WHERE lines.oid = t.oid),
      ' WITH (' || array_to_string(t.reloptions, ', ') || ')'),
    format('COMMENT ON TABLE %I IS ', t.name) || quote_literal(obj_description(t.oid, 'pg_class')) || ';',
    (SELECT string_agg(pg_get_indexdef(indexrelid) || ';', E'\\n' ORDER BY indexrelid::regclass::text COLLATE "C") FROM pg_index
     WHERE indrelid = t.oid AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = t.oid AND contype IN ('p', 'u', 'x'))),
    (SELECT string_agg(pg_get_triggerdef(oid) || ';', E'\\n' ORDER BY tgname) FROM pg_trigger
     WHERE tgrelid = t.oid AND NOT tgisinternal),
    CASE WHEN t.relrowsecurity THEN format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY;', t.name) END,
    (SELECT string_agg(format('CREATE POLICY %I ON %I FOR %s TO %s USING (%s)%s;', policyname, tablename, cmd,
       array_to_string(roles, ', '), qual, ' WITH CHECK (' || with_check || ')'), E'\\n' ORDER BY policyname)
     FROM pg_policies WHERE schemaname = 'public' AND tablename = t.name),
    (SELECT format('GRANT %s ON %I TO wasl_tenant;', string_agg(privilege_type, ', ' ORDER BY privilege_type), t.name)
     FROM aclexplode(t.relacl) WHERE grantee = to_regrole('wasl_tenant') HAVING count(*) > 0))
  FROM tables t
  UNION ALL
  SELECT 3, p.oid::regprocedure::text, concat_ws(E'\\n', rtrim(pg_get_functiondef(p.oid), E'\\n') || ';',
    format('COMMENT ON FUNCTION %s IS ', p.oid::regprocedure) || quote_literal(obj_description(p.oid, 'pg_proc')) || ';')
  FROM pg_proc p WHERE p.pronamespace = ${OURS}
  UNION ALL
  SELECT 4, c.relname::text, format('CREATE %s %I;', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'SEQUENCE' END, c.relname)
  FROM pg_class c WHERE c.relnamespace = ${OURS} AND c.relkind IN ('v', 'm', 'S')
)
SELECT text FROM parts ORDER BY kind, name COLLATE "C"`
