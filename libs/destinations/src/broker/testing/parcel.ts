import ipaddr from 'ipaddr.js'
import { randomUUID } from 'node:crypto'
import { TLS_NAME } from '../../../../../test/support/broker-servers.ts'
import type { Address, Parcel } from '../../channel/channel.ts'
import type { BrokerSettings } from '../broker-channel.ts'

const LOOPBACK = [ipaddr.parseCIDR('127.0.0.0/8')]

/** This machine allowed, and one name that leads to it. */
export const LOCAL: BrokerSettings = {
  allowed: LOOPBACK,
  resolve: async (name) => {
    if (name !== TLS_NAME) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    return [{ address: '127.0.0.1', family: 4 }]
  },
}

export function parcel({
  id = randomUUID(),
  body,
  orderKey = null,
}: Partial<Parcel> & { id?: string } = {}): Parcel {
  const event: Parcel['event'] = {
    specversion: '1.0',
    id,
    type: 'payment.captured',
    source: '/v1/projects/p',
    subject: 'payment-7',
    time: '2026-11-24T09:00:00.000Z',
    recordedtime: '2026-11-24T09:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'https://wasl.example/schemas/events/payment.captured/1',
    environment: 'prod',
    projectid: 'p',
    data: { object: { id: 'payment-7', note: 'وصل' } },
  }
  return {
    event,
    body: body ?? JSON.stringify(event),
    signature: { 'webhook-id': id, 'webhook-timestamp': '1795510800', 'webhook-signature': 'v1,c2lnbmVk' },
    orderKey,
  }
}

let made = 0
export function address(url: string, rest: Partial<Address> = {}): Address {
  return { destinationId: `destination-${made++}`, version: 1, url, config: {}, credentials: {}, ...rest }
}

export const NEVER = new AbortController().signal
