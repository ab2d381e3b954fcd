import { Global, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common'
import type { EntitySchema } from '@mikro-orm/postgresql'
import { Database, DatabaseAddress } from './database.ts'

/** The list of entity schemas; the app says which, so that it can be read in one place. */
export abstract class Entities {
  abstract readonly schemas: readonly EntitySchema[]
}

export function entities(schemas: readonly EntitySchema[]): { provide: typeof Entities; useValue: Entities } {
  return { provide: Entities, useValue: { schemas } }
}

@Injectable()
class DatabaseCloser implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close()
  }
}

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [DatabaseAddress, Entities],
      useFactory: (address: DatabaseAddress, list: Entities) => Database.connect(address.url, list.schemas),
    },
    DatabaseCloser,
  ],
  exports: [Database],
})
export class DatabaseModule {}
