import { Module, type OnApplicationShutdown } from '@nestjs/common'
import { fileURLToPath } from 'node:url'
import { Settings } from '@app/config'
import { Bodies } from './bodies.ts'
import { BodyKeys } from './body-keys.ts'
import { BodyStore } from './body-store.ts'
import { DirectoryStore } from './directory-store.ts'
import { S3Store } from './s3-store.ts'

@Module({
  providers: [
    {
      provide: BodyStore,
      inject: [Settings],
      useFactory: ({ bodyStoreUrl: url }: Settings): BodyStore =>
        url.protocol === 's3:' ? new S3Store(url) : new DirectoryStore(fileURLToPath(url)),
    },
    BodyKeys,
    Bodies,
  ],
  exports: [BodyStore, BodyKeys, Bodies],
})
export class BodiesModule implements OnApplicationShutdown {
  constructor(private readonly store: BodyStore) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close()
  }
}
