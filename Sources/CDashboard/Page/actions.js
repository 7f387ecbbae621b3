// Drain and reload, which need the admin port's token: it is asked for each time and kept nowhere.
import { at, say } from './words.js'

const actions = {
  reload: {
    path: 'reload', title: 'Read the configuration again', go: 'Reload',
    text: 'A file with a mistake in it is refused, and everything stays as it is. Live calls go on either way.' },
  drain: {
    path: 'drain', title: 'Drain this server', go: 'Drain',
    text: 'No new calls are taken. Live calls run to their end, as long as the configuration gives them; then the process ends. ' +
      'This cannot be taken back.' },
}
let current

function open(name) {
  current = actions[name]
  say(at('act-title'), current.title)
  say(at('act-text'), current.text)
  say(at('act-go'), current.go)
  say(at('outcome'), '')
  at('token').value = ''
  at('act-go').disabled = false
  at('act').showModal()
}

at('reload').onclick = () => open('reload')
at('drain').onclick = () => open('drain')
at('act-close').onclick = () => at('act').close()
at('act').addEventListener('close', () => { at('token').value = '' })
at('act-form').onsubmit = async event => {
  event.preventDefault()
  at('act-go').disabled = true
  try {
    const answer = await fetch(current.path, { method: 'POST', headers: { Authorization: `Bearer ${at('token').value}` } })
    say(at('outcome'), (await answer.text()).trim())
    at('act-go').disabled = answer.ok
  } catch { say(at('outcome'), 'The server does not answer.') }
}

export function showActions(status) {
  const why = status.canAct ? '' : 'This needs a token: write `admin: {token_file: …}` in the configuration.'
  for (const name of ['reload', 'drain']) {
    at(name).disabled = !status.canAct || status.isDraining || name === 'reload' && !status.configuration.canReload
    at(name).title = why
  }
}
