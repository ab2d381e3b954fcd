import { Injectable, Logger } from '@nestjs/common'
import type { Taken } from '@app/jobs'
import { errorFields } from '@app/secrets'
import { Counter, Histogram } from 'prom-client'
import { GONE } from '../channel/channel.ts'
import type { Delivery } from '../delivery/delivery.ts'
import { Disabling } from '../disabling/disabling.ts'
import { Outcomes } from './outcomes.ts'
import type { Tried } from './sending.ts'

/** The labels are kinds and outcomes of ours; nothing of a destination is one. */
const deliveries = new Counter({
  name: 'wasl_deliveries_total',
  help: 'Tries to deliver an event to a destination, by what became of it',
  labelNames: ['kind', 'outcome'],
})
const seconds = new Histogram({
  name: 'wasl_delivery_seconds',
  help: 'How long a try to deliver an event took',
  labelNames: ['kind'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30],
})

/** What follows from a try: it is written and counted, and who wants nothing any more is sent nothing any more. */
@Injectable()
export class Conclusion {
  private readonly logger = new Logger('deliveries')

  constructor(
    private readonly outcomes: Outcomes,
    private readonly disabling: Disabling,
  ) {}

  async of(delivery: Taken<Delivery>, tried: Tried): Promise<void> {
    const { kind, outcome, ms } = tried
    const written = await this.outcomes.write(delivery, tried)
    deliveries.inc({ kind, outcome: written })
    seconds.observe({ kind }, ms / 1_000)
    if (outcome.code === GONE && written !== 'lost') await this.#disable(delivery)
  }

  /** What is written stays written, whatever comes of this: the next event is answered 410 as well. */
  async #disable({ destination_id: id, project_id: projectId }: Delivery): Promise<void> {
    try {
      await this.disabling.disable({ id, projectId }, 'gone')
    } catch (error) {
      this.logger.warn({
        msg: 'a destination that is gone was not disabled',
        destination: id,
        ...errorFields(error),
      })
    }
  }
}
