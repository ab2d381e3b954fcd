import { Injectable } from '@nestjs/common'
import { Settings } from '@app/config'
import { CredentialVault } from '../credentials/credential-vault.ts'
import { presentConnection } from './connection.api.ts'
import type { Connection } from './connection.ts'

/** A connection as the API shows it. */
@Injectable()
export class ConnectionView {
  constructor(
    private readonly vault: CredentialVault,
    private readonly settings: Settings,
  ) {}

  of(connection: Connection): Record<string, unknown> {
    return presentConnection(connection, this.vault.open(connection), this.settings.publicUrl)
  }
}
