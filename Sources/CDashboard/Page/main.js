// Asks the server every other second how it is, and has each part of the page show it.
import { ask } from './server.js'
import { at, clock, count, figures, number, say, span } from './words.js'
import { showVerdict } from './verdict.js'
import { showCalls } from './calls.js'
import { showCharts } from './charts.js'
import { showLists } from './lists.js'
import { showActions } from './actions.js'

const period = 2000

function showTiles(status) {
  for (const page of ['phone', 'runbook']) at(page).hidden = !status.pages.includes(`/${page}`)
  say(at('meta'), `version ${status.version} · running for ${clock(status.uptime)}`)
  say(at('live'), number(status.liveCalls))
  say(at('limit'), `of ${number(status.callLimit)}`)
  const share = Math.min(1, status.liveCalls / Math.max(1, status.callLimit))
  at('load').firstElementChild.firstElementChild.setAttribute('width', 100 * share)
  say(at('totals'), `since the start: ${count(status.totals.started, 'call')}, ${count(status.totals.answers, 'answer')}, ` +
    `${number(status.totals.failed)} failed, ${number(status.totals.refused)} refused` +
    (status.liveMedia ? `; ${count(status.liveMedia, 'fork or meeting is', 'forks and meetings are')} live beside them` : ''))
  const recent = status.recent
  figures(at('recent'), [
    ['calls', number(recent.started)], ['failed', number(recent.failed), recent.failed ? 'bad' : ''],
    ['refused', number(recent.refused), recent.refused ? 'bad' : '']])
  say(at('last-refusal'), status.lastRefusal
    ? `last refusal ${span(status.lastRefusal.secondsAgo)} ago: ${status.lastRefusal.text}` : 'nothing was refused since the start')
}

let isLed = false

/** Goes to the part that the address names, once it is there. */
function lead() {
  if (!isLed) document.getElementById(location.hash.slice(1))?.closest('section')?.scrollIntoView()
  isLed = true
}

async function tick() {
  try {
    const status = await ask('status')
    showVerdict(status)
    showTiles(status)
    showLists(status)
    showActions(status)
    await Promise.all([showCalls(status), showCharts(status)])
    lead()
  } catch (error) {
    if (!(error instanceof TypeError) && !/^\d+$/.test(error.message)) console.error(error)
    showVerdict()
  }
  setTimeout(tick, period)
}

tick()
