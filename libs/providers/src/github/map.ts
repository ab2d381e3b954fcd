import { memberOf, type Observation, textOf } from '@app/connector-kit'

/** GitHub's event and action → our catalogue (unified-models.md 6). What is not here is kept, and says nothing. */
function typeOf(event: string, payload: unknown): string | null {
  const action = textOf(memberOf(payload, 'action')) ?? ''
  switch (event) {
    case 'ping':
      return 'connection.verified'
    case 'push':
      return 'code.pushed'
    case 'pull_request':
      if (action === 'opened') return 'pull_request.opened'
      if (action !== 'closed') return 'pull_request.updated'
      return memberOf(payload, 'pull_request', 'merged') === true
        ? 'pull_request.merged'
        : 'pull_request.closed'
    case 'issues':
      return action === 'opened' ? 'issue.opened' : action === 'closed' ? 'issue.closed' : null
    case 'issue_comment':
      return action === 'created' ? 'issue.commented' : null
    case 'release':
      return action === 'published' ? 'release.published' : null
    case 'workflow_run':
      return action === 'completed' ? 'build.completed' : action === 'requested' ? 'build.started' : null
    case 'deployment':
      return 'deploy.started'
    case 'installation':
    case 'installation_repositories':
      return 'connection.changed'
    case 'github_app_authorization':
      return action === 'revoked' ? 'connection.revoked' : null
    default:
      return null
  }
}

export function observationsOf(event: string | null, payload: unknown): Observation[] {
  if (event === null || payload === undefined) return []
  const action = textOf(memberOf(payload, 'action'))
  const type = typeOf(event, payload) ?? 'provider.unmapped'
  const repository = textOf(memberOf(payload, 'repository', 'full_name')) ?? null
  const facts: Record<string, unknown> = { repository }
  for (const name of ['ref', 'before', 'after'] as const) {
    const value = event === 'push' ? textOf(memberOf(payload, name)) : undefined
    if (value) facts[name] = value
  }
  const number = textOf(memberOf(payload, event === 'pull_request' ? 'pull_request' : 'issue', 'number'))
  const conclusion = textOf(memberOf(payload, 'workflow_run', 'conclusion'))
  if (number) facts.number = Number(number)
  if (conclusion) facts.conclusion = conclusion
  return [
    {
      resource: type.startsWith('connection.') ? 'connection' : 'other',
      ref: repository ?? event,
      native: action ? `${event}.${action}` : event,
      type,
      facts: type === 'provider.unmapped' ? {} : facts,
    },
  ]
}
