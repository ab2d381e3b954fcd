import type { Sql } from './database.ts'

/** Is there such a project, as far as the platform knows? One that was forgotten is none, though its row may be there. */
export async function isKnownProject({ query }: Sql, id: string): Promise<boolean> {
  const { rowCount } = await query(
    `SELECT FROM projects p LEFT JOIN project_settings s ON s.project_id = p.id
     WHERE p.id = $1 AND s.deleted_at IS NULL`,
    [id],
  )
  return rowCount === 1
}
