import { Global, Module } from '@nestjs/common'
import { ScheduleModule } from '@nestjs/schedule'
import { Tasks } from './tasks.ts'

@Global()
@Module({ imports: [ScheduleModule.forRoot()], providers: [Tasks], exports: [Tasks] })
export class JobsModule {}
