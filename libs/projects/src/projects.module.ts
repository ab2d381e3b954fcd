import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Global, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { auditEntrySchema } from './audit/audit-entry.schema.ts'
import { AuditLog } from './audit/audit-log.ts'
import { AuditRetention } from './audit/audit-retention.ts'
import { apiKeySchema } from './keys/api-key.schema.ts'
import { ApiKeys } from './keys/api-keys.ts'
import { Attempts } from './keys/attempts.ts'
import { KeyGuard } from './keys/key.guard.ts'
import { KeysController } from './keys/keys.controller.ts'
import { projectSchema, projectSettingsSchema } from './project/project.schema.ts'
import { ProjectsController } from './project/projects.controller.ts'
import { Projects } from './project/projects.ts'

@Global()
@Module({
  imports: [
    MikroOrmModule.forFeature([projectSchema, projectSettingsSchema, apiKeySchema, auditEntrySchema]),
  ],
  controllers: [ProjectsController, KeysController],
  providers: [
    Projects,
    ApiKeys,
    Attempts,
    AuditLog,
    AuditRetention,
    { provide: APP_GUARD, useClass: KeyGuard },
  ],
  exports: [Projects, AuditLog],
})
export class ProjectsModule {}
