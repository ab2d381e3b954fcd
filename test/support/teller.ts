import { Database } from '@app/database'
import { newId } from '@app/http'
import { type News, Outbox } from '@app/outbox'
import { Webhook } from 'standardwebhooks'
import type { PlayedProvider, Seen } from './played-provider.ts'
import type { TestPlatform } from './platform.ts'

/** Lets something happen that destinations shall hear of; answers its id. */
export async function tell(
  platform: TestPlatform,
  project: string,
  fields: Partial<News> = {},
): Promise<string> {
  const [id = ''] = await tellAll(platform, project, [fields])
  return id
}

/** The same for several things, in one transaction. */
export async function tellAll(
  platform: TestPlatform,
  project: string,
  all: Partial<News>[],
): Promise<string[]> {
  const news = all.map((fields) => newsOf(project, fields))
  const outbox = platform.app.get(Outbox)
  await platform.app.get(Database).transaction((unit) => outbox.add(unit, news))
  outbox.committed()
  return news.map(({ id }) => id)
}

function newsOf(projectId: string, fields: Partial<News>): News {
  return {
    id: newId(),
    projectId,
    environment: 'dev',
    connectionId: null,
    provider: 'github',
    eventId: null,
    type: 'code.pushed',
    subject: newId(),
    occurredAt: new Date(),
    data: { object: { id: 'o', text: 'نص' }, version: 1, trust: 'signed' },
    ...fields,
  }
}

/** What arrived, as an honest receiver reads it: verified by the official library, or not at all. */
export function verified(secret: string, { body, headers }: Seen): Record<string, any> {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as Record<string, any>
}

/** The ids of the events that it was sent, in their order. */
export function idsAt({ seen }: PlayedProvider): string[] {
  return seen.map(({ body }) => (JSON.parse(body.toString()) as { id: string }).id)
}
