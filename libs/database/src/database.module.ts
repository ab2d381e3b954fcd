import { MikroOrmModule } from '@mikro-orm/nestjs'
import { MikroORM, PostgreSqlDriver } from '@mikro-orm/postgresql'
import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common'
import pg from 'pg'
import { Database, DatabaseAddress, poolAt } from './database.ts'
import { ormOver } from './entities/orm.ts'

@Injectable()
class DatabaseCloser implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close()
  }
}

@Module({
  providers: [
    { provide: pg.Pool, inject: [DatabaseAddress], useFactory: ({ url }: DatabaseAddress) => poolAt(url) },
  ],
  exports: [pg.Pool],
})
class PoolModule {}

/** Each room registers its schemas with `MikroOrmModule.forFeature`; every unit of work has an entity manager of its own. */
@Global()
@Module({
  imports: [
    PoolModule,
    MikroOrmModule.forRootAsync({
      imports: [PoolModule],
      inject: [pg.Pool],
      driver: PostgreSqlDriver,
      useFactory: (pool: pg.Pool) => ({
        ...ormOver(pool),
        autoLoadEntities: true,
        // `Database` lends the entity managers: no request carries one along, least of all a webhook.
        registerRequestContext: false,
      }),
    }),
  ],
  providers: [
    {
      provide: Database,
      inject: [DatabaseAddress, pg.Pool, MikroORM],
      useFactory: ({ url }: DatabaseAddress, pool: pg.Pool, orm: MikroORM) => Database.over(url, pool, orm),
    },
    DatabaseCloser,
  ],
  exports: [Database],
})
export class DatabaseModule {}
