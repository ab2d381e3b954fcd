import { MikroOrmModule } from '@mikro-orm/nestjs'
import { Module, type OnModuleInit } from '@nestjs/common'
import { EgressModule } from '@app/egress'
import { Tasks } from '@app/jobs'
import { apiLogSchema } from './log/api-log.schema.ts'
import { ApiLogsController } from './log/api-logs.controller.ts'
import { ApiLogs } from './log/api-logs.ts'
import { ApiLogRecorder } from './recording/api-log-recorder.ts'
import { ApiLogRetention } from './retention/api-log-retention.ts'

const HOUR_S = 3_600

@Module({
  imports: [EgressModule, MikroOrmModule.forFeature([apiLogSchema])],
  controllers: [ApiLogsController],
  providers: [ApiLogs, ApiLogRecorder, ApiLogRetention],
  exports: [ApiLogRecorder],
})
export class ApiLogsModule implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly retention: ApiLogRetention,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'retention',
      everySeconds: HOUR_S,
      part: 'api_logs',
      run: async ({ signal }) => ({ removed: await this.retention.removeOld(signal) }),
    })
  }
}
