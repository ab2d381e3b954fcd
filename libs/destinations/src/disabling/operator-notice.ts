import { Injectable, Logger } from '@nestjs/common'
import { Settings } from '@app/config'
import { Egress } from '@app/egress'
import { errorFields } from '@app/secrets'

export interface Notice {
  what: 'destination.disabled'
  when: string
  reason: string
  project_id: string
  environment: string | null
  destination_id: string
}

const LIMITS = { totalMs: 5_000, answerBytes: 64 * 1024 }
const TRIES = 2

/** Tells the operator, at NOTICE_URL where one is set: as good as two tries are, and no more. The log says it in any case. */
@Injectable()
export class OperatorNotice {
  private readonly logger = new Logger('notice')

  constructor(
    private readonly settings: Settings,
    private readonly egress: Egress,
  ) {}

  async give(notice: Notice): Promise<void> {
    const url = this.settings.get('NOTICE_URL')?.reveal()
    if (url === undefined) return
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        const { status } = await this.egress.send(
          {
            method: 'POST',
            url,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(notice),
            confidential: true,
          },
          { limits: LIMITS },
        )
        if (status < 300) return
        this.logger.warn({ msg: 'a notice was not taken', status, tries })
      } catch (error) {
        this.logger.warn({ msg: 'a notice did not arrive', tries, ...errorFields(error) })
      }
    }
  }
}
