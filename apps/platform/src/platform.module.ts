import { type DynamicModule, Global, Module, type Type } from '@nestjs/common'
import { APP_FILTER, APP_PIPE } from '@nestjs/core'
import { ApiLogsModule } from '@app/api-logs'
import { BodiesModule } from '@app/bodies'
import { CatalogueModule } from '@app/catalogue'
import { ConfigModule } from '@app/config'
import { ConnectionsModule } from '@app/connections'
import { DatabaseAddress, DatabaseModule } from '@app/database'
import { DestinationsModule } from '@app/destinations'
import { HealthModule } from '@app/health'
import { Checked, HttpModule, ProblemFilter } from '@app/http'
import { IdempotencyModule } from '@app/idempotency'
import { JobsModule } from '@app/jobs'
import { MetricsModule } from '@app/metrics'
import { OutboxModule } from '@app/outbox'
import { ProjectsModule } from '@app/projects'
import { SecretsModule } from '@app/secrets'
import { WebhooksModule } from '@app/webhooks'
import { HealthChecks } from './health-checks.ts'
import { RewrapKeys } from './rewrap-keys.ts'

/** Every room of this build; the one place where they are wired together. */
@Global()
@Module({
  imports: [
    ConfigModule,
    SecretsModule,
    DatabaseModule,
    HttpModule,
    JobsModule,
    ProjectsModule,
    CatalogueModule,
    ApiLogsModule,
    MetricsModule,
    OutboxModule,
    IdempotencyModule,
    BodiesModule,
    ConnectionsModule,
    HealthModule,
    WebhooksModule,
    DestinationsModule,
  ],
  providers: [
    HealthChecks,
    RewrapKeys,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: Checked },
  ],
})
export class PlatformModule {
  /** `also`: rooms that only a test has. */
  static at(databaseUrl: string, also: Type[] = []): DynamicModule {
    return {
      module: PlatformModule,
      imports: also,
      providers: [{ provide: DatabaseAddress, useValue: new DatabaseAddress(databaseUrl) }],
      exports: [DatabaseAddress],
    }
  }
}
