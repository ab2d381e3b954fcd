import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { Database, Notices } from '@app/database'
import { Connections } from './connections.ts'

/** Tells who remembers connections that one changed: at once where that was here, by NOTIFY from other replicas. */
@Injectable()
export class ConnectionChanges implements OnModuleInit, OnApplicationShutdown {
  readonly #listeners: (() => void)[] = []
  readonly #notices: Notices

  constructor(database: Database, connections: Connections) {
    const tell = (): void => {
      for (const listener of this.#listeners) listener()
    }
    connections.onChange(tell)
    this.#notices = new Notices(
      database.url,
      'wasl_changed',
      (what) => {
        if (what === 'connections') tell()
      },
      tell,
    )
  }

  async onModuleInit(): Promise<void> {
    await this.#notices.start()
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#notices.close()
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }
}
