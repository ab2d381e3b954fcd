import { declared } from './declared.ts'

/** The settings as a Markdown table: what `docs/settings.md` holds, tested to be up to date. */
export function settingsTable(): string {
  const rows = Object.entries(declared).map(
    ([name, { means, unset, example }]) =>
      `| \`${name}\` | ${means} | ${unset === '' ? '–' : unset} | \`${example}\` |`,
  )
  return ['| variable | meaning | when not set | example |', '|---|---|---|---|', ...rows].join('\n')
}

/** The same as an env file in which every line is a comment. */
export function envExample(): string {
  return Object.entries(declared)
    .map(([name, { means, unset, example }]) => `# ${means}\n# when not set: ${unset}\n#${name}=${example}\n`)
    .join('\n')
}
