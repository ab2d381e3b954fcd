import type { Lane } from '@app/database'
import type { LogRow } from './log-row.ts'

/**
 * Rows in one statement, however many. The connection's own row says whose a call was; one that is gone by now leaves
 * the call to its project. Sent again after a lost answer, a row that is there already stays as it is.
 */
export async function writeRows(lane: Pick<Lane, 'query'>, rows: readonly LogRow[]): Promise<number> {
  const { rowCount } = await lane.query({
    name: 'insert-api-logs',
    text: INSERT,
    values: COLUMNS.map(({ name }) => rows.map((row) => written(row[name]))),
  })
  return rowCount ?? 0
}

function written(value: LogRow[keyof LogRow]): unknown {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
    ? JSON.stringify(value)
    : value
}

const COLUMNS: readonly { name: keyof LogRow; type: string }[] = [
  { name: 'id', type: 'uuid' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'project_id', type: 'uuid' },
  { name: 'environment', type: 'text' },
  { name: 'connection_id', type: 'uuid' },
  { name: 'provider', type: 'text' },
  { name: 'operation', type: 'text' },
  { name: 'attempt', type: 'int' },
  { name: 'method', type: 'text' },
  { name: 'endpoint', type: 'text' },
  { name: 'request_headers', type: 'jsonb' },
  { name: 'request_body', type: 'text' },
  { name: 'response_status', type: 'int' },
  { name: 'response_headers', type: 'jsonb' },
  { name: 'response_body', type: 'text' },
  { name: 'response_time_ms', type: 'int' },
  { name: 'error_message', type: 'text' },
  { name: 'is_error', type: 'boolean' },
  { name: 'rate_limit_remaining', type: 'int' },
  { name: 'rate_limit_reset_at', type: 'timestamptz' },
]

const names = COLUMNS.map(({ name }) => name).join(', ')
const OF_THE_CONNECTION: Partial<Record<keyof LogRow, string>> = {
  connection_id: 'c.id',
  project_id: 'p.id',
  environment: 'coalesce(c.environment, r.environment::integration_environment)',
  provider: 'coalesce(c.provider, i.provider)',
}

// A provider that the registry does not know has no rows: the column could not hold its name.
const INSERT = `
  INSERT INTO integration_api_logs (${names})
  SELECT ${COLUMNS.map(({ name }) => OF_THE_CONNECTION[name] ?? `r.${name}`).join(', ')}
  FROM unnest(${COLUMNS.map(({ type }, n) => `$${n + 1}::${type}[]`).join(', ')}) AS r (${names})
  LEFT JOIN integration_connections c ON c.id = r.connection_id
  LEFT JOIN integration_providers i ON i.provider::text = r.provider
  LEFT JOIN projects p ON p.id = coalesce(c.project_id, r.project_id)
  WHERE coalesce(c.provider, i.provider) IS NOT NULL
  ON CONFLICT (id) DO NOTHING`
