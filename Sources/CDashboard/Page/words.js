// Numbers and times in words, and the few helpers with which everything is put on the page.

export const at = id => document.getElementById(id)

/** 12345 as 12,345. */
export const number = n => Number(n).toLocaleString('en')

/** Milliseconds without more digits than they are worth. */
export const milliseconds = v => v === undefined || v === null ? '–' : v < 10 ? v.toFixed(1) : number(Math.round(v))

/** Seconds as 4:05, 1:02:03 or 3 d 4 h. */
export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds)), two = n => String(n).padStart(2, '0')
  if (s >= 86400) return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
  return s >= 3600 ? `${Math.floor(s / 3600)}:${rest}` : rest.replace(/^0/, '')
}

/** Seconds as "3 min", one unit. */
export function span(seconds) {
  const s = Math.max(0, seconds)
  for (const [length, unit] of [[86400, 'd'], [3600, 'h'], [60, 'min']]) if (s >= length) return `${Math.floor(s / length)} ${unit}`
  return `${Math.floor(s)} s`
}

export const ago = seconds => seconds < 2 ? 'now' : `${span(seconds)} ago`

export const count = (n, what, many = `${what}s`) => `${number(n)} ${n === 1 ? what : many}`

/** An element with a class and a text, or with children. Texts are never read as HTML. */
export function element(name, kind, ...content) {
  const made = document.createElement(name)
  if (kind) made.className = kind
  made.append(...content.filter(one => one !== undefined && one !== null))
  return made
}

/** Sets a text only where it is another: what is selected and what a screen reader reads stays as it is. */
export function say(node, text) { if (node.textContent !== text) node.textContent = text }

/**
 * Brings a list's children up to date with the items: each stays the element that it was, with its focus.
 * `make` makes an element for an item, `update` puts the item's values in it.
 */
export function keep(parent, items, key, make, update) {
  const known = new Map([...parent.children].map(child => [child.dataset.key, child]))
  let place = parent.firstElementChild
  for (const item of items) {
    const name = String(key(item))
    let child = known.get(name)
    if (child) known.delete(name)
    else { child = make(item); child.dataset.key = name }
    update(child, item)
    if (child === place) place = place.nextElementSibling
    else parent.insertBefore(child, place)
  }
  for (const gone of known.values()) gone.remove()
}

/** Terms with their figures. */
export function figures(list, pairs) {
  keep(list, pairs, ([name]) => name, ([name]) => element('div', '', element('dt', '', name), element('dd', '')),
    (child, [, value, tone]) => { say(child.lastElementChild, value); child.dataset.tone = tone || '' })
}

const states = {
  waiting: 'listening', speaking: 'caller speaks', answering: 'bot’s turn', hangup: 'hung up', ended: 'bot ended it',
  transferred: 'transferred', idle: 'idle', lost: 'caller lost', tooLong: 'too long', shutdown: 'shut down', botFailed: 'bot failed',
}

/** What a call does, or why it ended, in words. */
export const stateOf = state => states[state] ?? state
