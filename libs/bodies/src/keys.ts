import { v7 } from 'uuid'
import { type Address, BodyBroken } from './body-store.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const KEY = `(?:segments|single)/\\d{1,10}/\\d{8}/${UUID}`
const WHOLE_KEY = new RegExp(`^${KEY}(?:\\.draft)?$`)
const URL_WITH_KEY = new RegExp(`(?:^|/)(${KEY})#offset=(\\d{1,15})&length=(\\d{1,15})$`)

export type Kind = 'segments' | 'single'

/** How long a segment is appended to. */
export const SEGMENT_AGE_MS = 10 * 60 * 1000

/** Keys come from our own ids, never from what a sender says: kind, retention in seconds, day, id. */
export function newKey(kind: Kind, retentionSeconds: number, now = new Date()): string {
  return `${kind}/${retentionSeconds}/${dayOf(now)}/${v7()}`
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10).replaceAll('-', '')
}

/** Older than yesterday: whatever the replicas' clocks say, none makes such keys now. */
export function isOfPastDay(key: string, now = new Date()): boolean {
  return (key.split('/')[2] ?? '') < dayOf(new Date(now.getTime() - 24 * 60 * 60 * 1000))
}

/** Ours, or a draft of ours that a crash left; what else lies beside them is not ours to remove. */
export function isOurs(key: string): boolean {
  return WHOLE_KEY.test(key)
}

export function retentionOf(key: string): number {
  return Number(key.split('/')[1])
}

/** `raw_body_url`: the object's address, and which part of it. */
export function urlOf(objectUrl: string, { offset, length }: Address): string {
  return `${objectUrl}#offset=${offset}&length=${length}`
}

/** Only the tail of a URL is believed: a store that moved still finds its bodies, and nothing outside it is read. */
export function addressOf(url: string): Address {
  const [, key, offset, length] = URL_WITH_KEY.exec(url) ?? []
  if (key === undefined) throw new BodyBroken()
  return { key, offset: Number(offset), length: Number(length) }
}
