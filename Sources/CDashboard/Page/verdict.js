// The verdict: one sentence, and what is wrong. A point that speaks of calls leads to them.
import { at, element, keep, say } from './words.js'
import { find } from './calls.js'

const silence = { tone: 'bad', headline: 'The server does not answer', points: [] }

/** So that the runbook leads to this agent's calls. */
const agentOf = point => point.search ? `?agent=${encodeURIComponent(point.search)}` : ''

export function showVerdict(status) {
  const verdict = status?.verdict ?? silence
  at('verdict').dataset.tone = verdict.tone
  say(at('headline'), verdict.headline)
  document.title = verdict.tone === 'good' ? 'Patchbay' : `${verdict.tone === 'bad' ? '●' : '○'} Patchbay`
  keep(at('points'), verdict.points, (point, index) => point.text.replace(/\d+/g, '#'), point => {
    const made = element('li', '', element('span', 'what'), element('span', 'cause'))
    if (point.search) {
      const button = element('button', 'link', 'show the calls')
      button.type = 'button'
      button.onclick = () => find(point.search, 'ended')
      made.append(button)
    }
    if (point.runbook) {
      const advice = element('a', 'link advice', 'what to do')
      advice.href = `runbook${agentOf(point)}#${point.runbook}`
      made.append(advice)
    }
    return made
  }, (made, point) => {
    made.dataset.tone = point.tone
    say(made.children[0], point.text)
    say(made.children[1], point.detail ?? '')
  })
}
