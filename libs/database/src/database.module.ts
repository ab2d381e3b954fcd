import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common'
import { Database, DatabaseAddress } from './database.ts'

@Injectable()
class DatabaseCloser implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close()
  }
}

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [DatabaseAddress],
      useFactory: (address: DatabaseAddress) => Database.connect(address.url),
    },
    DatabaseCloser,
  ],
  exports: [Database],
})
export class DatabaseModule {}
