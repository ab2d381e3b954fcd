import { type EventType, memberOf, type Observation, textOf } from '@app/connector-kit'

/** GitHub's event and action → our catalogue (unified-models.md 6). What is not here is kept, and says nothing. */
function typeOf(event: string, payload: unknown): EventType {
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
    case 'status':
    case 'deployment_status':
      return byState(event, textOf(memberOf(payload, ...STATE_OF[event])))
    case 'installation':
    case 'installation_repositories':
      return 'connection.changed'
    case 'deployment':
      return 'deploy.started'
    default:
      return BY_ACTION[`${event}.${action}`] ?? 'provider.unmapped'
  }
}

const BY_ACTION: Readonly<Record<string, EventType>> = {
  'issues.opened': 'issue.opened',
  'issues.closed': 'issue.closed',
  'issue_comment.created': 'issue.commented',
  'release.published': 'release.published',
  'workflow_run.requested': 'build.started',
  'workflow_run.completed': 'build.completed',
  'check_suite.requested': 'build.started',
  'check_suite.completed': 'build.completed',
  'check_run.created': 'build.started',
  'check_run.completed': 'build.completed',
  'github_app_authorization.revoked': 'connection.revoked',
}

const STATE_OF = { status: ['state'], deployment_status: ['deployment_status', 'state'] } as const

/** These two have no action; how far it has come stands in a state. `inactive` says nothing about the work. */
function byState(event: 'status' | 'deployment_status', state: string | undefined): EventType {
  const family = event === 'status' ? 'build' : 'deploy'
  if (state === 'pending' || state === 'queued' || state === 'in_progress') return `${family}.started`
  const ended = state === 'success' || state === 'failure' || state === 'error'
  return ended ? `${family}.completed` : 'provider.unmapped'
}

export function observationsOf(event: string | null, payload: unknown): Observation[] {
  if (event === null || payload === undefined) return []
  const action = textOf(memberOf(payload, 'action'))
  const type = typeOf(event, payload)
  const repository = textOf(memberOf(payload, 'repository', 'full_name')) ?? null
  return [
    {
      resource: type.startsWith('connection.') ? 'connection' : 'other',
      ref: repository ?? event,
      native: action ? `${event}.${action}` : event,
      type,
      facts: type === 'provider.unmapped' ? {} : { repository, ...factsOf(event, payload) },
    },
  ]
}

/** Allow-listed members only: whatever else a payload holds stays in the stored body. */
function factsOf(event: string, payload: unknown): Record<string, unknown> {
  const facts: Record<string, unknown> = {}
  for (const name of ['ref', 'before', 'after'] as const) {
    const value = event === 'push' ? textOf(memberOf(payload, name)) : undefined
    if (value) facts[name] = value
  }
  // Whoever took the grant back is the sender (docs.github.com, github_app_authorization).
  const account = event === 'github_app_authorization' ? textOf(memberOf(payload, 'sender', 'id')) : undefined
  if (account) facts.account = account
  const number = memberOf(payload, event === 'pull_request' ? 'pull_request' : 'issue', 'number')
  const conclusion = textOf(memberOf(payload, event, 'conclusion'))
  if (Number.isSafeInteger(number)) facts.number = number
  if (conclusion) facts.conclusion = conclusion
  return facts
}
