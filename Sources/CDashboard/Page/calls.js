// The calls: those that are live and those that ended lately, in one table; searched by the server, which knows them all.
import { ago, at, clock, element, keep, milliseconds, number, say, stateOf } from './words.js'
import { ask } from './server.js'
import { openCall, refreshCall } from './timeline.js'

const failures = ['botFailed', 'lost', 'idle', 'tooLong']
let shown = 'live'
let latest
/** Whether somebody has come for the calls, and is to be shown them. */
let isLed = false

function row(call) {
  const made = element('tr', '')
  const open = element('button', 'link')
  open.type = 'button'
  open.disabled = Boolean(call.server)
  made.append(element('th', '', open), ...['wide', 'wide id', 'state', 'right wide', 'right', 'right'].map(kind => element('td', kind)))
  made.firstElementChild.scope = 'row'
  // The timeline of another server's call is there.
  if (!call.server) made.onclick = () => openCall(call.id)
  return made
}

function fill(made, call) {
  const [agent, tenant, conversation, state, turns, wait, length] = made.children
  say(agent.firstElementChild, call.agentName)
  say(tenant, call.tenant)
  say(conversation, call.conversation)
  conversation.title = call.conversation
  say(state, call.server ? `${stateOf(call.state)} · ${call.server}` : stateOf(call.state))
  state.dataset.tone = failures.includes(call.state) ? 'bad' : call.state
  state.title = call.failure ?? ''
  say(turns, call.kind === 'call' ? number(call.turns) : '–')
  say(wait, call.lastWait === undefined ? '–' : `${milliseconds(call.lastWait)} ms`)
  say(length, clock(call.seconds) + (call.secondsAgo === undefined ? '' : `, ${ago(call.secondsAgo)}`))
}

function draw(found) {
  const isLive = shown === 'live'
  const list = isLive ? found.calls : found.endedCalls
  const all = isLive ? found.liveCount : found.endedCount
  say(at('show-live'), `Live ${number(found.liveCount)}`)
  say(at('show-ended'), `Ended ${number(found.endedCount)}`)
  at('show-live').setAttribute('aria-pressed', isLive)
  at('show-ended').setAttribute('aria-pressed', !isLive)
  keep(at('calls').tBodies[0], list, call => `${call.server ?? ''} ${call.id}`, row, fill)
  at('calls').hidden = list.length === 0
  at('no-calls').hidden = list.length > 0 && list.length === all
  const sought = at('find').value.trim()
  say(at('no-calls'), list.length > 0 ? `and ${number(all - list.length)} more: search for those you need`
    : sought ? 'No call is found.' : isLive ? 'No call is live.' : 'No call has ended yet.')
}

/** Live calls of the other servers. */
const callsElsewhere = cluster => (cluster?.trouble ? [] : cluster?.servers ?? [])
  .filter(one => !one.isThis && one.state !== 'silent').reduce((sum, one) => sum + one.liveCalls, 0)

export async function showCalls(status) {
  latest = status
  const sought = at('find').value.trim()
  const found = sought ? await ask(`status/find/${encodeURIComponent(sought)}`) : {
    calls: [...status.calls, ...status.otherCalls], endedCalls: status.endedCalls,
    liveCount: status.liveCalls + status.liveMedia + callsElsewhere(status.cluster), endedCount: status.endedCalls.length }
  // Somebody has typed on meanwhile.
  if (sought !== at('find').value.trim()) return
  if (sought && shown === 'live' && found.liveCount === 0 && found.endedCount > 0) shown = 'ended'
  draw(found)
  if (isLed) at('calls').closest('section').scrollIntoView({ block: 'nearest' })
  isLed = false
  await refreshCall(status)
}

/** Shows the calls with a text in their ids or names. */
export function find(text, which) {
  at('find').value = text
  if (which) shown = which
  show(shown)
}

function show(which) {
  shown = which
  const words = new URLSearchParams()
  if (at('find').value) words.set('find', at('find').value)
  if (at('find').value || shown === 'ended') words.set('show', shown)
  history.replaceState(null, '', `#${words}`)
  if (latest) showCalls(latest).catch(() => {})
}

/** An alert, the runbook and a bookmark lead to calls: `#show=ended&find=WORDS`. */
function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1)), which = words.get('show')
  if (!words.has('find') && !which) return
  isLed = true
  find(words.get('find') ?? '', ['live', 'ended'].includes(which) ? which : undefined)
}

at('show-live').onclick = () => show('live')
at('show-ended').onclick = () => show('ended')
at('find').oninput = () => find(at('find').value)
addEventListener('hashchange', readAddress)
readAddress()
