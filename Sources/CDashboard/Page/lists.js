// Bots, warnings, tenants, and everything that ends one day.
import { ago, at, count, element, keep, number, say, span } from './words.js'
import { find } from './calls.js'

/** A row of a name, a figure and a line of text below; with something to search for, the name leads to the calls. */
function row(search, which) {
  const name = search ? element('button', 'link name') : element('span', 'name')
  if (search) { name.type = 'button'; name.onclick = () => find(search, which) }
  return element('li', '', name, element('span', 'figure'), element('span', 'text'))
}

function fill(made, name, figure, text, tone) {
  say(made.children[0], name)
  say(made.children[1], figure)
  say(made.children[2], text)
  made.children[2].hidden = !text
  made.dataset.tone = tone
}

function list(id, items, key, search, show, which) {
  keep(at(id), items, key, item => row(search?.(item), which), (made, item) => fill(made, ...show(item)))
}

function bot(agent) {
  const calls = Math.max(agent.recent.started, agent.recent.ended), failed = agent.recent.failed, failure = agent.lastFailure
  const isBad = agent.isLeftAlone || agent.failuresInRow >= 3
  const state = agent.isLeftAlone ? 'left alone' : agent.failuresInRow > 0 ? 'fails'
    : agent.lastAnswerSecondsAgo !== undefined ? 'answers' : 'not called yet'
  const figure = `${state} · ${number(agent.live)} live · ${failed ? `${number(failed)} of ` : ''}${count(calls, 'call')}${failed ? ' failed' : ''} in 5 min`
  const text = failure ? `last failure ${ago(failure.secondsAgo)}: ${failure.text}` : ''
  return [agent.name, figure, text, isBad ? 'bad' : failed || agent.failuresInRow ? 'warning' : agent.lastAnswerSecondsAgo === undefined ? '' : 'good']
}

const left = seconds => seconds === undefined ? 'time unknown' : seconds <= 0 ? 'over' : `${span(seconds)} left`

function lives(status) {
  const day = 86400
  return [
    ...status.registrations.map((one, index) => ({
      key: `registration ${index} ${one.name}`, name: `Registration of ${one.name}`,
      figure: `${one.state} · ${left(one.secondsLeft)}`,
      text: one.lastFailure ?? (one.renewsIn === undefined ? '' : `renewed in ${span(one.renewsIn)}`),
      tone: one.state === 'lapsed' || one.isEnding ? 'bad'
        : one.failures || one.state === 'disabled' ? 'warning' : 'good',
    })),
    ...status.certificates.map(one => ({
      key: `certificate ${one.listener}`, name: `Certificate of ${one.listener}`, figure: left(one.secondsLeft),
      text: one.refusal ? `new files refused: ${one.refusal}` : '',
      tone: one.secondsLeft <= 0 ? 'bad' : one.refusal || one.secondsLeft < 14 * day ? 'warning' : 'good',
    })),
    ...status.keySets.map(one => ({
      key: `keys ${one.issuer}`, name: `Keys of ${one.issuer.split('//').pop()}`,
      figure: one.age === undefined ? 'none yet' : `${count(one.keys, 'key')} · ${span(one.age)} old`,
      text: [one.dropped ? `${number(one.dropped)} unusable` : '', one.lastFailure ?? ''].filter(Boolean).join(' · '),
      tone: one.keys === 0 ? 'bad' : one.failures || one.age > 3600 ? 'warning' : 'good',
    })),
  ]
}

function server(one) {
  const isSilent = one.state === 'silent'
  const text = `${isSilent ? `has told nothing for ${span(one.secondsAgo)}` : `up ${span(one.uptime)}`} · version ${one.version}`
  return [one.isThis ? `${one.address} (this one)` : one.address,
    isSilent ? 'silent' : `${one.state} · ${number(one.liveCalls)} live · ${number(one.ownedCalls)} owned`,
    text, isSilent || one.state === 'unready' ? 'bad' : one.state === 'draining' ? 'warning' : 'good']
}

function showServers(cluster) {
  at('servers-card').hidden = !cluster
  if (!cluster) return
  list('servers', cluster.servers, one => one.id, undefined, server)
  const live = cluster.servers.filter(one => one.state !== 'silent').reduce((sum, one) => sum + one.liveCalls, 0)
  say(at('servers-note'), cluster.trouble
    ? `${cluster.trouble}; ${cluster.secondsAgo === undefined ? 'no list was read yet' : `the list is ${span(cluster.secondsAgo)} old`}`
    : `${count(live, 'call')} on ${count(cluster.servers.length, 'server')}`)
}

export function showLists(status) {
  showServers(status.cluster)
  list('agents', status.agents, agent => agent.id, agent => agent.id, bot)
  list('problems', status.problems, one => `${one.message} ${one.agent ?? ''} ${(one.cause ?? '').replace(/\d+/g, '#')}`,
    one => one.conversation ?? one.agent,
    one => [one.message, `${number(one.count)} × · ${ago(one.secondsAgo)}`, [one.agent, one.cause].filter(Boolean).join(': '),
      one.level === 'warning' ? 'warning' : 'bad'])
  at('no-problems').hidden = status.problems.length > 0
  list('tenants', status.tenants, one => one.organization, one => one.organization,
    one => [one.name, `${number(one.live)} of ${number(one.limit)}`, '', one.live >= one.limit * 0.9 && one.live > 4 ? 'warning' : ''])
  const more = status.tenantCount - status.tenants.length
  say(at('more-tenants'), more > 0 ? `and ${number(more)} more with fewer calls` : '')
  const all = lives(status)
  list('lives', all, one => one.key, undefined, one => [one.name, one.figure, one.text, one.tone])
  at('no-lives').hidden = all.length > 0
}
