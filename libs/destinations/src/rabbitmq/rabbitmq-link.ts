import type { ChannelModel, ConfirmChannel } from 'amqplib'
import type { Link } from '../broker/links.ts'
import { CLOUD_EVENT, routed } from '../broker/routing.ts'
import type { Parcel } from '../channel/channel.ts'
import { Unroutable } from './rabbitmq-meaning.ts'
import type { RabbitMqConfig } from './rabbitmq-rules.ts'

/** A connection with one channel that confirms. The broker ends a channel to say what is wrong with it. */
export class RabbitMqLink implements Link {
  #open = true
  /** Why the channel ended, as far as the broker said. */
  #reason: Error | undefined
  readonly #returned = new Set<string>()

  constructor(
    private readonly model: ChannelModel,
    private readonly channel: ConfirmChannel,
    private readonly config: RabbitMqConfig,
  ) {
    const ended = (): void => {
      this.#open = false
    }
    model.on('close', ended)
    channel.on('close', ended)
    channel.on('error', (reason: Error) => {
      this.#reason = reason
    })
    // Told before the confirmation of the same message.
    channel.on('return', ({ properties }) => this.#returned.add(String(properties.messageId)))
  }

  get isOpen(): boolean {
    return this.#open
  }

  async publish({ event, body, signature }: Parcel): Promise<void> {
    const { exchange, routing_key } = this.config
    const options = {
      ...{ persistent: true, mandatory: true, contentType: CLOUD_EVENT },
      ...{ messageId: event.id, type: event.type, appId: 'wasl', headers: { ...signature } },
    }
    await new Promise<void>((resolve, reject) => {
      this.channel.publish(
        exchange,
        routed(routing_key, event),
        Buffer.from(body),
        options,
        (error: unknown) => {
          if (error === null || error === undefined) resolve()
          else reject(this.#reason ?? (error as Error))
        },
      )
    })
    if (this.#returned.delete(event.id)) throw new Unroutable()
  }

  close(): Promise<void> {
    return this.model.close()
  }
}
