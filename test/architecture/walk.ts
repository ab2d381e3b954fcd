import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { floors } from './floors.ts'

const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)))

/** Every import of a room that does not fall: to a neighbour, up, past a door, or into a room that the drawing lacks. */
export function broken(root: string): string[] {
  const libs = join(root, 'libs')
  return readdirSync(libs, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const room = name.split('/')[0] ?? ''
      const text = readFileSync(join(libs, name), 'utf8')
      return importsOf(text).flatMap((target) => {
        const wrong = verdict(room, name, target)
        return wrong ? [`libs/${name} imports ${target}: ${wrong}`] : []
      })
    })
}

export function verdict(room: string, file: string, target: string): string | null {
  const floor = floorOf.get(room)
  if (floor === undefined) return `the room "${room}" is not in the drawing`
  if (target.startsWith('.')) {
    const up = target.split('/').filter((part) => part === '..').length
    const depth = file.split('/').length - 2
    const isTest = /\.(db\.)?spec\.ts$/.test(file) || file.includes('/testing/')
    return up > depth && !(isTest && target.includes('/test/support/'))
      ? 'it leaves the room by the window'
      : null
  }
  if (!target.startsWith('@app/')) return null
  const other = target.slice(5)
  const below = floorOf.get(other)
  if (below === undefined)
    return other.includes('/') ? 'a room has one door' : `the room "${other}" is not in the drawing`
  return below > floor ? null : below === floor ? 'they are neighbours' : 'that is upstairs'
}

export function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
}

if (process.argv[1]?.endsWith('walk.ts')) {
  const found = broken(process.cwd())
  for (const line of found) console.error(line)
  process.exit(found.length === 0 ? 0 : 1)
}
