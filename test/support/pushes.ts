import { randomUUID } from 'node:crypto'
import { sql } from './database.ts'
import { type Connected, githubSignature, makers } from './makers.ts'
import type { TestPlatform } from './platform.ts'
import { eventually } from './child.ts'

const SECRET = 'the secret of the pushes'

/** Pushes to one GitHub connection, and what becomes of them. */
export class Pushes {
  private constructor(
    private readonly platform: TestPlatform,
    readonly connection: Connected,
  ) {}

  static async to(platform: TestPlatform, project: string): Promise<Pushes> {
    return new Pushes(platform, await makers(platform).github(project, SECRET))
  }

  /** Answers the id of the event. */
  async deliver(repository = 'acme/shop'): Promise<string> {
    const body = JSON.stringify({ ref: 'refs/heads/main', repository: { full_name: repository } })
    const { status, body: told } = await this.platform.call<{ event_id: string }>(
      'POST',
      this.connection.path,
      {
        key: null,
        body,
        headers: {
          'x-hub-signature-256': githubSignature(SECRET, body),
          'x-github-event': 'push',
          'x-github-delivery': randomUUID(),
        },
      },
    )
    if (status !== 200) throw new Error(`a push was answered ${status}`)
    return told.event_id
  }

  async become(status: 'suspended' | 'connected'): Promise<void> {
    const { id, project } = this.connection
    const answer = await this.platform.call('PATCH', `/v1/projects/${project}/connections/${id}`, {
      body: { status },
    })
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
  }

  async row(id: string): Promise<Record<string, any>> {
    const [row] = await sql<Record<string, any>>(
      this.platform.database.url,
      'SELECT *, status::text AS status FROM integration_events WHERE id = $1',
      [id],
    )
    if (!row) throw new Error(`there is no event ${id}`)
    return row
  }

  /** The row, once it is in this state; or as it is when patience is over. */
  async until(id: string, status: string, withinMs = 10_000): Promise<Record<string, any>> {
    const { answer } = await eventually(
      () => this.row(id),
      (row) => row.status === status,
      withinMs,
    )
    return answer
  }

  outgoing(id: string): Promise<Record<string, any>[]> {
    return sql(this.platform.database.url, 'SELECT * FROM outgoing_events WHERE event_id = $1', [id])
  }
}
