// One call: who it was, and what happened in it when.
import { ago, at, clock, element, keep, milliseconds, number, say, stateOf } from './words.js'
import { ask } from './server.js'
import { canBeHeard, endListening, hearFrom, showRecording } from './listen.js'

const words = {
  started: () => 'the call began', speaking: () => 'the caller began to speak', interrupted: () => 'the caller interrupted the bot',
  failed: entry => `the bot failed: ${entry.detail}`, ended: entry => `the call ended: ${stateOf(entry.detail)}`,
  turn: entry => `the bot’s turn, after ${turns[entry.detail] ?? entry.detail}${waited(entry)}`,
  answered: entry => entry.wait === undefined ? `answered, ${milliseconds(entry.answer)} ms after that`
    : `answered: the caller waited ${milliseconds(entry.wait)} ms, ${milliseconds(entry.answer)} ms of them for the server and the bot`,
}
const waited = entry => entry.silence === undefined ? ''
  : ` and ${milliseconds(entry.silence)} ms of silence (${entry.because.replaceAll('_', ' ')})`
const turns = { start: 'the start', speech: 'speech', digits: 'keys', no_input: 'silence', event: 'an event of the flow' }
let open
/** Whether the server has a token, without which nothing is heard. */
let hasToken = false

export function openCall(id) {
  open = id
  at('timeline').replaceChildren()
  at('facts').replaceChildren()
  endListening()
  at('detail').showModal()
  refreshCall().catch(() => {})
}

export async function refreshCall(status) {
  hasToken = status?.canAct ?? hasToken
  if (open === undefined) return
  const id = open
  let found
  try { found = await ask(`status/calls/${id}`) } catch { return say(at('detail-title'), 'This call is not kept any more') }
  if (id !== open) return
  const { call, isLive, entries, omitted } = found
  say(at('detail-title'), `${call.agentName}: ${stateOf(call.state)}`)
  const facts = [
    ['tenant', call.tenant], ['agent', call.agent], ['conversation', call.conversation],
    [call.trackingIDs.length > 1 ? 'tracking ids' : 'tracking id', call.trackingIDs.join(', ') || 'none'],
    [isLive ? 'live for' : 'lasted', clock(call.seconds)], ...(call.kind === 'call' ? [['turns', number(call.turns)]] : []),
    ...(call.failure ? [['failure', call.failure]] : []), ...(isLive ? [] : [['ended', ago(call.secondsAgo)]]),
  ]
  keep(at('facts'), facts, ([name]) => name, ([name]) => element('div', '', element('dt', '', name), element('dd')),
    (made, [, value]) => say(made.lastElementChild, value))
  keep(at('timeline'), entries.map((entry, index) => ({ ...entry, index: index === 0 ? 0 : index + omitted })), entry => entry.index,
    entry => {
      const when = element('button', 'link when', clock(entry.at))
      when.type = 'button'
      when.disabled = true
      when.onclick = () => hearFrom(entry.at)
      const made = element('li', '', when, element('span', '', words[entry.kind]?.(entry) ?? entry.kind))
      made.dataset.kind = entry.kind
      return made
    }, () => {})
  await showRecording(call, isLive, hasToken)
  for (const when of at('timeline').querySelectorAll('.when')) {
    when.disabled = !canBeHeard()
    when.title = canBeHeard() ? 'Listen from here' : ''
  }
}

at('detail').addEventListener('close', () => {
  open = undefined
  endListening()
})
