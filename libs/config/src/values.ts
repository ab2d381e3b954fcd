import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { parse as parseIsoDuration } from 'tinyduration'
import { Unacceptable } from './setting.ts'

export function integer(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < from || value > to) {
      throw new Unacceptable(`not a whole number from ${from} to ${to}`)
    }
    return value
  }
}

export function oneOf<const T extends string>(...allowed: T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text)
    if (!found) throw new Unacceptable(`not one of ${allowed.join(', ')}`)
    return found
  }
}

export function listOf<T>(item: (text: string) => T): (text: string) => T[] {
  return (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(item)
}

export function url(...schemes: string[]): (text: string) => URL {
  return (text) => {
    if (!URL.canParse(text)) throw new Unacceptable('not a URL')
    const parsed = new URL(text)
    if (!schemes.includes(parsed.protocol.slice(0, -1))) {
      throw new Unacceptable(`not a URL that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`)
    }
    return parsed
  }
}

export function hostAddress(text: string): string {
  if (isIP(text) || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) return text
  throw new Unacceptable('neither an IP address nor a host name')
}

export type Cidr = ReturnType<typeof ipaddr.parseCIDR>

export function cidr(text: string): Cidr {
  if (!ipaddr.isValidCIDR(text)) throw new Unacceptable('not a list of ranges in CIDR notation')
  return ipaddr.parseCIDR(text)
}

export function countryCode(text: string): string {
  if (!/^[A-Z]{2}$/.test(text)) throw new Unacceptable('not two capital letters of ISO 3166-1')
  return text
}

const SECONDS = {
  years: 31_557_600,
  months: 2_629_800,
  weeks: 604_800,
  days: 86_400,
  hours: 3_600,
  minutes: 60,
  seconds: 1,
}

/** An ISO 8601 duration in seconds (a month counts as 30.44 days, a year as 365.25). */
export function durationSeconds(text: string): number {
  let parsed
  try {
    parsed = parseIsoDuration(text)
  } catch {
    throw new Unacceptable('not an ISO 8601 duration')
  }
  const seconds = Object.entries(SECONDS).reduce(
    (sum, [unit, size]) => sum + (parsed[unit as keyof typeof SECONDS] ?? 0) * size,
    0,
  )
  if (parsed.negative || !Number.isFinite(seconds) || seconds < 1)
    throw new Unacceptable('not a duration of a second or more')
  return Math.round(seconds)
}

export function durationOfAtLeast(least: string): (text: string) => number {
  return (text) => {
    const seconds = durationSeconds(text)
    if (seconds < durationSeconds(least)) throw new Unacceptable(`shorter than ${least}`)
    return seconds
  }
}
