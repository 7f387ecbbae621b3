// The phone: one call at a time to this server's own port, as Webex would place it.
import { ask } from './server.js'
import { at, clock, element, keep, milliseconds, say } from './words.js'
import { atTelephoneRate, decode, encode, Playout, rate } from './phone-sound.js'
import { Microphone } from './phone-microphone.js'
import * as tape from './phone-tape.js'

const maximumClip = 60 * rate, part = 32_000, mostEvents = 500
let directory, socket, playout, microphone, context, began, conversation
let events = [], turns = [], ends = [], result

// Before a call

async function showDirectory() {
  try { directory = await ask('status/phone/directory') } catch {
    show('failed', 'The server does not answer.')
    return setTimeout(showDirectory, 3000)
  }
  at('wire').replaceChildren(...directory.lines.map(one => new Option(wires[one.wire], one.wire)))
  at('wire-line').hidden = directory.lines.length < 2
  at('tenant').disabled = directory.needsToken
  at('token-line').hidden = at('token-note').hidden = !directory.needsToken
  const said = directory.recordings.map(one => {
    const made = element('button', '', `“${one.words}”`)
    made.type = 'button'
    made.onclick = () => send({ type: 'say', recording: one.id })
    return made
  })
  at('recordings').replaceChildren(...said)
  say(at('voice-note'), directory.voice ? `${directory.voice} on the server speaks what you type.`
    : 'Typing needs a voice on the server: apt-get install flite or espeak-ng, then start the server again.')
  at('sentence').hidden = at('speak').hidden = !directory.voice
  showWire()
  showAdvice()
}

const wires = { grpc: 'gRPC: an RPC for each interaction', websocket: 'WebSocket: one for the call' }

function showWire() {
  const line = directory.lines.find(one => one.wire === at('wire').value)
  at('call').disabled = Boolean(line.obstacle)
  if (line.obstacle) show('failed', line.obstacle); else show('idle', 'Ready to call')
  const own = directory.tenants.filter(one => directory.needsToken || one.wires.includes(line.wire))
  const chosen = at('tenant').value
  at('tenant').replaceChildren(...own.map(one => new Option(one.name, one.organization)))
  if (own.some(one => one.organization === chosen)) at('tenant').value = chosen
  showAgents()
}

function showAgents() {
  const organization = at('tenant').value
  const own = directory.agents.filter(one => directory.needsToken || !one.organizations || one.organizations.includes(organization))
  const chosen = at('agent').value
  at('agent').replaceChildren(...own.map(one => new Option(one.name, one.id)))
  const standard = own.find(one => one.id === chosen) ?? own.find(one => one.isDefault) ?? own[0]
  if (standard) at('agent').value = standard.id
}

/** Browsers give a microphone to pages from this machine and over TLS only. */
function showAdvice() {
  if (isSecureContext) return
  at('say').open = true
  const port = location.port || '80'
  at('advice').hidden = false
  at('advice').replaceChildren(
    element('p', '', `No microphone: browsers give one only to pages of this machine or over HTTPS, and this page came over plain HTTP
      from ${location.hostname}. You can hear the bot, press keys and say recordings. To talk, tunnel the port to your machine:`),
    element('code', '', `ssh -L ${port}:127.0.0.1:${port} ${location.hostname}`),
    element('p', '', `and open localhost:${port}/phone. Or give the port a certificate in the server’s configuration:`),
    element('code', '', 'admin: {tls: {certificate: admin.pem, key: admin.key}}'))
}

// A call

function show(state, text) {
  at('handset').dataset.state = state
  say(at('state'), text)
  const isUp = state === 'calling' || state === 'live'
  at('call').hidden = isUp
  at('hangup').hidden = !isUp
  at('choice').hidden = isUp
  for (const control of document.querySelectorAll('.pad button, .say button, .say input')) control.disabled = state !== 'live'
  if (!isUp) at('mute').hidden = at('meter').hidden = true
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(message instanceof Uint8Array ? message : JSON.stringify(message))
}

async function call() {
  // In the click: a browser lets a page make sound only after one.
  context ??= new AudioContext()
  context.resume()
  playout = new Playout(context)
  events = []
  turns = []
  ends = []
  began = conversation = undefined
  at('events').replaceChildren()
  at('no-events').hidden = true
  at('turns').hidden = at('turns-note').hidden = true
  keep(at('turns').tBodies[0], [], () => '', () => {}, () => {})
  tape.begin(context)
  show('calling', 'Calling…')
  const sound = listen()
  try {
    const answer = await fetch('phone/ticket', { method: 'POST' })
    if (!answer.ok) throw new Error((await answer.text()).trim())
    const address = new URL(`phone/socket?ticket=${(await answer.text()).trim()}`, location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    connect(address)
  } catch (error) { finish('failed', error instanceof TypeError ? 'The server does not answer.' : error.message) }
  await sound
}

function connect(address) {
  const own = new WebSocket(address)
  own.binaryType = 'arraybuffer'
  socket = own
  let isOver = false
  own.onopen = () => send({ type: 'call', wire: at('wire').value, organization: at('tenant').value, agent: at('agent').value, token: at('token').value || null })
  own.onmessage = event => {
    if (typeof event.data !== 'string') return hear(new Uint8Array(event.data))
    const message = JSON.parse(event.data)
    switch (message.type) {
      case 'placed': conversation = message.conversation; break
      case 'event': happened(message); break
      case 'turn': changed(message); break
      case 'note': note(message.text); break
      case 'refused': isOver = true; finish('failed', message.text); break
      case 'over': isOver = true; over(message.report); break
    }
  }
  own.onclose = () => { if (!isOver && socket === own) finish('failed', 'The connection to the server is lost.') }
}

async function listen() {
  if (!isSecureContext || !navigator.mediaDevices) return
  try {
    microphone = await Microphone.open(context, frames => {
      // What does not get out in time is not worth sending.
      if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > 16_000) return
      const message = new Uint8Array(1 + frames.length)
      message[0] = 1
      message.set(frames, 1)
      socket.send(message)
    }, level => at('meter').querySelector('rect').setAttribute('width', level))
    if (!['calling', 'live'].includes(at('handset').dataset.state)) return hushed()
    at('mute').hidden = at('meter').hidden = false
    mute(false)
  } catch (error) {
    at('say').open = true
    note(error.name === 'NotAllowedError' ? 'The browser does not allow the microphone; recordings can be said.'
      : `There is no microphone (${error.message}); recordings can be said.`)
  }
}

function mute(isMuted) {
  if (microphone) microphone.isMuted = isMuted
  at('mute').setAttribute('aria-pressed', isMuted)
}

function hushed() {
  microphone?.close()
  microphone = undefined
}

function finish(state, text) {
  show(state, text)
  hushed()
  tape.end()
  socket?.close()
  socket = undefined
}

const outcomes = {
  hungUp: 'You hung up', ended: 'The bot ended the call', transferred: 'Transferred to a person', failed: 'The call failed', vanished: 'Gone',
}

function over(report) {
  finish(report.outcome === 'failed' ? 'failed' : 'over', report.failure ?? outcomes[report.outcome] ?? report.outcome)
  result = report
}

function hear(bytes) {
  const side = bytes[0] === 1 ? 'agent' : 'caller', place = new DataView(bytes.buffer).getUint32(1), samples = decode(bytes.subarray(5))
  tape.add(side, place, samples)
  if (side === 'agent') playout.play(place, samples)
}

// What happens

function happened(event) {
  began ??= performance.now() - event.at
  events.push(event)
  if (at('handset').dataset.state === 'calling' && event.kind === 'promptBegins') show('live', 'Talking')
  switch (event.kind) {
    case 'promptsCut': playout.stop(); tape.mark('agent', event.at, 'cut', true); break
    case 'startOfInput': tape.mark('caller', event.at, 'START', true); break
    case 'endOfInput': tape.mark('caller', event.at, 'END', true); ends.push(event.at); break
    case 'promptBegins': tape.mark('agent', event.at, event.length ? `prompt ${(event.length / 1000).toFixed(1)} s` : 'prompt'); break
    case 'promptText': case 'promptSpoken': tape.mark('agent', event.at, 'text'); break
    case 'presses': tape.mark('caller', event.at, '•'.repeat(event.keys)); break
    case 'noInput': tape.mark('caller', event.at, 'no input'); break
    case 'hangsUp': tape.mark('caller', event.at, 'hangs up', true); break
    case 'transfer': tape.mark('agent', event.at, 'transfer', true); break
    case 'sessionEnd': tape.mark('agent', event.at, 'ends', true); break
    case 'outputEvent': tape.mark('agent', event.at, 'event'); break
    case 'gap': tape.mark('agent', event.at, 'gap'); break
    case 'answer': if (at('handset').dataset.state === 'calling') show('live', 'Talking'); break
  }
  line(event.at, event.who, event.text)
}

const note = text => line(began === undefined ? 0 : performance.now() - began, 'phone', text)

function line(time, who, text) {
  const list = at('events'), isAtEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 30
  const made = element('li', '', element('span', 'when', (time / 1000).toFixed(2)), element('span', 'who', who), element('span', 'what', text))
  made.dataset.who = who
  list.append(made)
  at('no-events').hidden = true
  while (list.childElementCount > mostEvents) list.firstElementChild.remove()
  if (isAtEnd) list.scrollTop = list.scrollHeight
}

const kinds = { greeting: 'greeting', speech: 'recording', voice: 'voice', unintended: 'nothing said', digits: 'keys', noInput: 'no input', custom: 'event' }
const results = { open: '…', answered: 'answered', transferred: 'transferred', ended: 'ended', unheard: 'not heard', notCollected: 'not asked for', failed: 'failed' }

function changed({ index, turn }) {
  const known = turns[index]
  // The end that this turn has had, to place its wait on the tape.
  turn.endAt = known?.endAt ?? (turn.endDelay !== undefined && turn.endDelay !== null ? ends.at(-1) : undefined)
  turns[index] = turn
  if (turn.endAt !== undefined && typeof turn.answerAfterEnd === 'number') {
    tape.bracket(index, turn.endAt - turn.endDelay, turn.endAt + turn.answerAfterEnd)
  }
  at('turns').hidden = at('turns-note').hidden = false
  keep(at('turns').tBodies[0], turns.map((one, number) => ({ ...one, number })), one => one.number,
    one => {
      const again = element('button', '', 'Play')
      again.type = 'button'
      again.setAttribute('aria-label', `Hear turn ${one.number}`)
      again.onclick = () => {
        const next = turns[one.number + 1]
        tape.play(turns[one.number].began, next ? next.began : undefined)
      }
      const name = element('th', '')
      name.scope = 'row'
      return element('tr', '', name, ...['right', 'right', 'right', 'wide right', ''].map(kind => element('td', kind)), element('td', '', again))
    },
    (row, one) => {
      const words = [
        `${one.number} ${one.clip ? `“${one.clip}”` : kinds[one.kind] ?? one.kind}`, milliseconds(one.startDelay), milliseconds(one.endDelay),
        milliseconds(one.answerLatency), one.answerLength ? `${(one.answerLength / 1000).toFixed(1)} s` : '–',
        (results[one.result] ?? one.result) + (one.bargedIn ? ', interrupted' : '')]
      words.forEach((word, column) => say(row.children[column], word))
    })
}

// What the person does

function press(key) {
  send({ type: 'press', key })
  const button = [...document.querySelectorAll('.pad button')].find(one => one.textContent === key)
  button?.classList.add('pressed')
  setTimeout(() => button?.classList.remove('pressed'), 150)
}

async function sayFile(file) {
  try {
    if (file.size > 50 << 20) throw new Error('it is larger than 50 MB')
    const sound = await context.decodeAudioData(await file.arrayBuffer())
    const mixed = new Float32Array(sound.length)
    for (let channel = 0; channel < sound.numberOfChannels; channel++) {
      sound.getChannelData(channel).forEach((sample, i) => { mixed[i] += sample / sound.numberOfChannels })
    }
    const whole = encode(atTelephoneRate(mixed, sound.sampleRate)), bytes = whole.subarray(0, maximumClip)
    if (whole.length > maximumClip) note('The first minute of the file is said.')
    send({ type: 'clip', name: file.name.slice(0, 60), bytes: bytes.length })
    for (let place = 0; place < bytes.length; place += part) {
      const piece = bytes.subarray(place, place + part), message = new Uint8Array(1 + piece.length)
      message[0] = 2
      message.set(piece, 1)
      send(message)
    }
  } catch (error) { note(`${file.name} cannot be said: ${error.message}`) }
}

at('wire').onchange = showWire
at('tenant').onchange = showAgents
at('call').onclick = call
at('hangup').onclick = () => { if (socket?.readyState === WebSocket.OPEN) send({ type: 'hangUp' }); else finish('over', 'You hung up') }
at('mute').onclick = () => mute(at('mute').getAttribute('aria-pressed') !== 'true')
for (const button of document.querySelectorAll('.pad button')) button.onclick = () => press(button.textContent)
at('pick').onclick = () => at('file').click()
at('file').onchange = () => { if (at('file').files[0]) sayFile(at('file').files[0]); at('file').value = '' }
at('typed').onsubmit = event => {
  event.preventDefault()
  const text = at('sentence').value.trim()
  if (text) send({ type: 'say', text })
  at('sentence').value = ''
}
document.addEventListener('keydown', event => {
  const isTyping = event.target.closest('input, select, textarea, [role=slider]')
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
  if (/^[0-9*#]$/.test(event.key) && at('handset').dataset.state === 'live') press(event.key)
})
at('save-wav').onclick = () => tape.saveWAV(`call-${conversation}`)
at('save-json').onclick = () => tape.saveJSON(`call-${conversation}`, {
  conversation, wire: at('wire').value, agent: at('agent').value, events, turns: turns.map(({ endAt, ...turn }) => turn), report: result })

setInterval(() => {
  const state = at('handset').dataset.state
  if (began === undefined || state !== 'live' && state !== 'calling') return
  const time = performance.now() - began
  say(at('clock'), clock(time / 1000))
  tape.tick(time)
}, 80)

// On a small screen the call is worth more.
at('say').open = matchMedia('(min-width: 861px)').matches
tape.clear()
showDirectory()
