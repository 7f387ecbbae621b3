// Listening to a call that is recorded: what there is of it, and its player.
import { at, clock, say } from './words.js'
import { ask } from './server.js'

/** The call whose player is on the page. */
let playing
/** Whether there is nothing more to ask about the call that is shown. */
let isSettled = false

/** Says what was found; without a reason against it the call can be heard. */
function show(id, found) {
  const { reason, milliseconds, silences, isSealed, state } = found
  if (reason) return say(at('listen-note'), `It cannot be heard: ${reason}`)
  playing = id
  at('audio').hidden = false
  at('audio').src = `recordings/${id}/audio`
  const time = ms => clock(ms / 1000)
  const kept = silences.map(([from, to]) => `${time(from)} to ${time(to)}`).join(', ')
  say(at('listen-note'), [
    `${time(milliseconds)}, the caller left and the agent right`, isSealed ? 'encrypted on the disk' : '',
    state === 'incomplete' ? 'audio is missing' : '', kept ? `silent where the input was sensitive: ${kept}` : '',
  ].filter(Boolean).join(' · '))
}

/** Shows the player of a call, or why there is none. */
export async function showRecording(call, isLive, hasToken) {
  at('listen').hidden = !call.isRecorded
  if (!call.isRecorded || isSettled) return
  if (!hasToken) return say(at('listen-note'), 'To hear it, write `admin: {token_file: …}` in the configuration.')
  if (isLive) return say(at('listen-note'), 'It can be heard when the call is over.')
  isSettled = true
  try {
    const found = await ask(`recordings/${call.id}`)
    // Its last second is still being written.
    if (found.state === 'live') isSettled = false
    if (isSettled && !at('listen').hidden) show(call.id, found)
  } catch { say(at('listen-note'), 'It is not there any more.') }
}

export const canBeHeard = () => playing !== undefined

/** Plays from a time on, in seconds. */
export function hearFrom(seconds) {
  if (!canBeHeard()) return
  at('audio').currentTime = seconds
  at('audio').play().catch(() => {})
}

/** Nothing is heard of a call that is not shown. */
export function endListening() {
  playing = undefined
  isSettled = false
  at('audio').pause()
  at('audio').removeAttribute('src')
  at('audio').load()
  at('audio').hidden = true
  at('listen').hidden = true
  say(at('listen-note'), '')
}

at('audio').addEventListener('error', () => {
  if (canBeHeard()) say(at('listen-note'), 'It cannot be played here: the recording was changed, or the browser does not know its format.')
})
