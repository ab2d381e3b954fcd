import { Injectable } from '@nestjs/common'
import { type Caller, newId } from '@app/http'
import { refuseForeignEnvironment } from '@app/projects'
import { cancelWaiting } from '../delivery/cancel-waiting.ts'
import type { ChangedDestination, NewDestination } from '../destination/destination.api.ts'
import { Destination } from '../destination/destination.ts'
import { Destinations } from '../destination/destinations.ts'
import { NotNow } from '../destinations.problems.ts'
import {
  DestinationVault,
  newSigningSecret,
  rotated,
  type StoredSecrets,
} from '../signing/destination-vault.ts'
import { Admission } from './admission.ts'

/** A destination, and the secret that is shown this once. */
export interface WithSecret {
  destination: Destination
  secret: string
}

/** How a destination begins, changes and ends. */
@Injectable()
export class Making {
  constructor(
    private readonly destinations: Destinations,
    private readonly admission: Admission,
    private readonly vault: DestinationVault,
  ) {}

  async create(caller: Caller, projectId: string, input: NewDestination): Promise<WithSecret> {
    const environment = input.environment ?? caller.environment
    refuseForeignEnvironment(caller, environment)
    // What a kind needs is missed where it is not there at all, too.
    const whole = { ...input, config: input.config ?? {}, credentials: input.credentials ?? {} }
    const { url = '', config = {}, credentials = {} } = await this.admission.of(input.kind, whole)
    const { kind, name, types, providers, ordered, schema_major } = input
    const destination = new Destination({
      ...{ id: newId(), project_id: projectId, environment },
      ...{ kind, url, name, types, providers, ordered, schema_major, config },
    })
    const signing = newSigningSecret()
    destination.begin(this.vault.seal(destination, { signing, credentials }))
    return { destination: await this.destinations.add(caller, destination), secret: signing }
  }

  async change(
    caller: Caller,
    projectId: string,
    id: string,
    input: ChangedDestination,
  ): Promise<Destination> {
    const { kind } = await this.destinations.get(caller, projectId, id)
    const { credentials, ...admitted } = await this.admission.of(kind, input)
    const named = { action: 'destination.changed', details: { fields: Object.keys(input) } }
    return this.destinations.move(caller, projectId, id, named, (destination) => {
      const { credentials: _, ...wishes } = { ...input, ...admitted }
      const secrets =
        credentials && this.vault.seal(destination, { ...this.#secretsOf(destination), credentials })
      destination.change({ ...wishes, secrets })
    })
  }

  /** A new signing secret; the one before signs for a day more. */
  async rotate(caller: Caller, projectId: string, id: string): Promise<WithSecret> {
    let secret = ''
    const named = { action: 'destination.secret_rotated' }
    const destination = await this.destinations.move(caller, projectId, id, named, (destination) => {
      const stored = rotated(this.#secretsOf(destination), new Date())
      secret = stored.signing
      destination.rotate(this.vault.seal(destination, stored))
    })
    return { destination, secret }
  }

  /** Ends it: its secrets are wiped, what was not delivered will not be, the history stays. */
  async remove(caller: Caller, projectId: string, id: string): Promise<void> {
    const named = { action: 'destination.deleted' }
    await this.destinations.move(caller, projectId, id, named, async (destination, unit) => {
      destination.remove()
      await unit.em.flush()
      // Of a backlog that is larger the rest follows within seconds (delivery-rescuer.ts).
      await cancelWaiting(unit, { of: id })
    })
  }

  #secretsOf(destination: Destination): StoredSecrets {
    const stored = this.vault.open(destination)
    if (!stored) throw NotNow({ values: { status: destination.status } })
    return stored
  }
}
