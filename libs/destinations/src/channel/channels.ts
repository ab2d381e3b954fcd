import { Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { Egress } from '@app/egress'
import type { ChannelRules } from './channel-rules.ts'
import type { Channel } from './channel.ts'
import { HttpChannel } from './http/http-channel.ts'
import { httpRules } from './http/http-rules.ts'

/** Every kind of destination of this build, and what it takes. */
export const kinds = { http: httpRules } as const satisfies Record<string, ChannelRules>
export type Kind = keyof typeof kinds

/** The same kinds, ready to send. */
@Injectable()
export class Channels implements OnApplicationShutdown {
  readonly #channels: Record<Kind, Channel>

  constructor(egress: Egress) {
    this.#channels = { http: new HttpChannel(egress) }
  }

  /** undefined: no kind of this build. */
  of(kind: string): Channel | undefined {
    return Object.hasOwn(this.#channels, kind) ? this.#channels[kind as Kind] : undefined
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Object.values(this.#channels).map((channel) => channel.close()))
  }
}
