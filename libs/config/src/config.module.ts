import { Global, Module } from '@nestjs/common'
import { KeySource } from '@app/secrets'
import { Settings } from './settings.ts'

@Global()
@Module({
  providers: [
    { provide: Settings, useFactory: () => Settings.read() },
    { provide: KeySource, useExisting: Settings },
  ],
  exports: [Settings, KeySource],
})
export class ConfigModule {}
