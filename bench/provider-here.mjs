// Preloaded into the measured platform: what is meant for PROVIDER goes to PROVIDER_HERE, below everything of ours.
import { Agent } from 'undici'

const { PROVIDER, PROVIDER_HERE } = process.env
const dispatch = Agent.prototype.dispatch
Agent.prototype.dispatch = function (options, handler) {
  const here = options.origin === PROVIDER ? { ...options, origin: PROVIDER_HERE } : options
  return dispatch.call(this, here, handler)
}
