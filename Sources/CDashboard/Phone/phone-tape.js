// What was said in a call, on both sides: kept, drawn, and played again.
import { at, clock, say } from './words.js'
import { rate } from './phone-sound.js'

const step = 80  // samples of a column that is kept for drawing: 10 ms

/** One side's samples, on the call's axis of time. */
class Track {
  samples = new Int16Array(30 * rate)
  peaks = new Uint8Array(30 * rate / step)
  length = 0

  add(place, samples) {
    const end = place + samples.length
    if (end > this.samples.length) {
      const size = Math.ceil(Math.max(2 * this.samples.length, end) / step) * step
      const bigger = new Int16Array(size), peaks = new Uint8Array(size / step)
      bigger.set(this.samples)
      peaks.set(this.peaks)
      this.samples = bigger
      this.peaks = peaks
    }
    this.samples.set(samples, place)
    this.length = Math.max(this.length, end)
    for (let column = Math.floor(place / step); column * step < end; column++) {
      let most = 0
      for (let i = column * step; i < (column + 1) * step; i++) most = Math.max(most, Math.abs(this.samples[i]))
      this.peaks[column] = Math.min(255, most >> 7)
    }
  }
}

const canvas = at('tape'), pen = canvas.getContext('2d'), slider = at('place')
let tracks, marks, brackets, isLive = false, now = 0, cursor = 0, start = 0, follows = true
let context, playing

export function clear() {
  tracks = { caller: new Track(), agent: new Track() }
  marks = []
  brackets = []
  now = cursor = start = 0
  follows = true
  stopPlaying()
  for (const name of ['hear', 'save-wav', 'save-json']) at(name).disabled = true
  at('no-tape').hidden = false
  slider.hidden = at('tape-note').hidden = true
  draw()
}

export function begin(withContext) {
  context = withContext
  clear()
  isLive = true
  at('no-tape').hidden = true
  at('tape-note').hidden = false
  at('hear').disabled = false
}

export function end() {
  isLive = false
  now = length()
  for (const name of ['save-wav', 'save-json']) at(name).disabled = false
  draw()
}

export const add = (side, place, samples) => tracks[side].add(place, samples)

/** A line across a side at a time, in milliseconds, with a word. */
export const mark = (side, time, text, isStrong = false) => { marks.push({ side, time, text, isStrong }) }

/** A caller's wait, between two times. */
export function bracket(index, from, to) { brackets[index] = { from, to } }

/** The call's time, in milliseconds. */
export function tick(time) {
  now = Math.max(now, time)
  draw()
}

/** Milliseconds that there are. */
export const length = () => Math.max(now, tracks.caller.length / rate * 1000, tracks.agent.length / rate * 1000,
  isLive ? 0 : marks.at(-1)?.time ?? 0)

// Drawing

const scale = () => canvas.clientWidth < 600 ? 34 : 46  // pixels a second
const span = () => canvas.clientWidth / scale() * 1000

function draw() {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight
  if (!width) return
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  const whole = length(), shown = span(), last = Math.max(0, whole - shown * (isLive ? .9 : 1))
  if (follows) start = last
  start = Math.max(0, Math.min(start, last))
  slider.hidden = last === 0
  slider.max = Math.ceil(last)
  if (document.activeElement !== slider || follows) slider.value = start
  canvas.setAttribute('aria-valuemax', Math.round(whole / 1000))
  canvas.setAttribute('aria-valuenow', Math.round(cursor / 1000))
  canvas.setAttribute('aria-valuetext', whole ? `${clock(cursor / 1000)} of ${clock(whole / 1000)}` : 'no call yet')
  if (!isLive && whole === 0) return
  const style = getComputedStyle(document.documentElement), colour = name => style.getPropertyValue(`--${name}`).trim()
  const resolved = probe([colour('text'), colour('soft'), colour('line'), colour('good'), colour('accent'), colour('ground')])
  const [text, soft, line, green, blue, ground] = resolved
  const x = time => (time - start) / 1000 * scale()
  pen.font = '12px system-ui, sans-serif'
  pen.textBaseline = 'middle'

  // Seconds
  const axis = height - 9
  pen.fillStyle = soft
  for (let second = Math.ceil(start / 1000); x(second * 1000) < width; second++) {
    const isTold = second % (scale() < 40 ? 4 : 2) === 0
    pen.fillStyle = line
    pen.fillRect(x(second * 1000), 20, 1, axis - (isTold ? 30 : 34))
    pen.fillStyle = soft
    if (isTold) pen.fillText(clock(second), Math.max(0, x(second * 1000) - 10), axis)
  }

  // Waves
  const lane = (height - 62) / 2
  const lanes = { caller: { middle: 20 + lane / 2, colour: green }, agent: { middle: 24 + lane * 1.5, colour: blue } }
  for (const [side, { middle, colour }] of Object.entries(lanes)) {
    pen.fillStyle = line
    pen.fillRect(0, middle, Math.min(width, x(whole)), 1)
    pen.fillStyle = colour
    const { peaks } = tracks[side]
    for (let column = 0; column < width; column++) {
      const from = Math.floor((start + column / scale() * 1000) / 10), to = Math.max(from + 1, Math.floor((start + (column + 1) / scale() * 1000) / 10))
      let most = 0
      for (let i = from; i < to && i < peaks.length; i++) most = Math.max(most, peaks[i])
      if (most === 0) continue
      // Quiet speech is to be seen too.
      const tall = Math.max(1, Math.sqrt(most / 255) * lane / 2)
      pen.fillRect(column, middle - tall, 1, 2 * tall)
    }
  }

  // Waits
  pen.fillStyle = pen.strokeStyle = text
  for (const wait of brackets) {
    if (!wait || wait.to < start || wait.from > start + shown) continue
    const y = 22 + lane, [left, right] = [x(wait.from), x(wait.to)]
    pen.fillRect(left, y, Math.max(1, right - left), 1.5)
    pen.fillRect(left, y - 4, 1.5, 9)
    pen.fillRect(right, y - 4, 1.5, 9)
    const words = `${Math.round(wait.to - wait.from)} ms`
    const wide = pen.measureText(words).width
    pen.fillStyle = ground
    pen.fillRect(right + 4, y - 8, wide + 4, 16)
    pen.fillStyle = text
    pen.fillText(words, right + 6, y)
  }

  // Marks; where two words have no room, the stronger one is there.
  const words = { caller: [], agent: [] }
  const shownMarks = marks.filter(one => one.time > start - 200 && one.time < start + shown + 100)
  for (const one of [...shownMarks.filter(one => one.isStrong), ...shownMarks.filter(one => !one.isStrong)]) {
    const place = x(one.time), top = one.side === 'caller'
    pen.fillStyle = lanes[one.side].colour
    if (top) pen.fillRect(place, 16, one.isStrong ? 2 : 1, lane + 4)
    else pen.fillRect(place, 24 + lane, one.isStrong ? 2 : 1, lane + 2)
    const wide = pen.measureText(one.text).width, left = Math.max(0, Math.min(place, width - wide)), right = left + wide + 6
    if (words[one.side].some(other => left < other.right && right > other.left)) continue
    words[one.side].push({ left, right })
    pen.fillText(one.text, left, top ? 8 : height - 26)
  }

  // Where one is
  if (isLive) {
    pen.fillStyle = text
    pen.fillRect(x(now), 14, 1, height - 36)
  } else if (cursor >= start) {
    pen.fillStyle = text
    pen.fillRect(x(cursor), 14, 1.5, height - 36)
  }
}

/** The colours as the canvas wants them: it does not know light-dark(). */
const sample = document.createElement('i')
sample.hidden = true
document.body.append(sample)
let known = new Map()
const probe = colours => colours.map(colour => {
  if (!known.has(colour)) {
    sample.style.color = colour
    known.set(colour, getComputedStyle(sample).color)
  }
  return known.get(colour)
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { known = new Map(); draw() })
new ResizeObserver(() => { if (tracks) draw() }).observe(canvas)

// Hearing it again

/** Plays from a time, to another or for at most a minute; both in milliseconds. */
export function play(from, to = from + 60_000) {
  stopPlaying()
  if (!context) return
  const first = Math.max(0, Math.floor(from / 1000 * rate)), last = Math.min(Math.ceil(to / 1000 * rate), Math.ceil(length() / 1000 * rate))
  if (last <= first) return
  const mixed = new Float32Array(last - first)
  for (const { samples } of Object.values(tracks)) {
    for (let i = 0; i < mixed.length && first + i < samples.length; i++) mixed[i] += samples[first + i] / 32768
  }
  const buffer = context.createBuffer(1, mixed.length, rate), source = context.createBufferSource()
  buffer.copyToChannel(mixed, 0)
  source.buffer = buffer
  source.connect(context.destination)
  const began = context.currentTime
  playing = { source, move: () => {
    cursor = Math.min(to, from + (context.currentTime - began) * 1000)
    if (!isLive) {
      if (cursor > start + span()) { follows = false; start = cursor }
      draw()
    }
    playing.frame = requestAnimationFrame(playing.move)
  } }
  const own = playing
  source.onended = () => { if (playing === own) stopPlaying() }
  context.resume()
  source.start()
  playing.move()
  say(at('hear'), 'Stop')
}

function stopPlaying() {
  say(at('hear'), 'Play')
  if (!playing) return
  cancelAnimationFrame(playing.frame)
  playing.source.onended = null
  playing.source.stop()
  playing = undefined
}

function moveTo(time) {
  cursor = Math.max(0, Math.min(time, length()))
  if (cursor < start || cursor > start + span()) { follows = false; start = cursor - span() / 2 }
  draw()
}

canvas.addEventListener('click', event => {
  if (!tracks || length() === 0) return
  const time = start + event.offsetX / scale() * 1000
  if (time < length()) { moveTo(time); play(cursor) }
})
canvas.addEventListener('keydown', event => {
  const moves = { ArrowLeft: -1000, ArrowRight: 1000, PageUp: -10_000, PageDown: 10_000 }
  if (event.key in moves) moveTo(cursor + moves[event.key])
  else if (event.key === 'Home') moveTo(0)
  else if (event.key === 'End') moveTo(length())
  else if (event.key === 'Enter' || event.key === ' ') { if (playing) stopPlaying(); else play(cursor) }
  else return
  event.preventDefault()
  event.stopPropagation()
})
slider.addEventListener('input', () => {
  start = Number(slider.value)
  follows = start >= Number(slider.max) - 1
  draw()
})
at('hear').onclick = () => { if (playing) stopPlaying(); else play(cursor >= length() - 50 ? 0 : cursor) }

// Files

function save(name, type, parts) {
  const link = document.createElement('a'), address = URL.createObjectURL(new Blob(parts, { type }))
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

/** Both sides as a WAV file: 8,000 Hz, 16 bits, the caller left and the agent right. */
export function saveWAV(name) {
  const count = Math.max(tracks.caller.length, tracks.agent.length), audio = new Int16Array(2 * count)
  for (let i = 0; i < count; i++) {
    audio[2 * i] = i < tracks.caller.length ? tracks.caller.samples[i] : 0
    audio[2 * i + 1] = i < tracks.agent.length ? tracks.agent.samples[i] : 0
  }
  const head = new DataView(new ArrayBuffer(44)), text = (place, word) => [...word].forEach((letter, i) => head.setUint8(place + i, letter.charCodeAt(0)))
  text(0, 'RIFF')
  head.setUint32(4, 36 + audio.byteLength, true)
  text(8, 'WAVEfmt ')
  for (const [place, value] of [[16, 16], [24, rate], [28, 4 * rate], [40, audio.byteLength]]) head.setUint32(place, value, true)
  for (const [place, value] of [[20, 1], [22, 2], [32, 4], [34, 16]]) head.setUint16(place, value, true)
  text(36, 'data')
  save(`${name}.wav`, 'audio/wav', [head, audio])
}

export const saveJSON = (name, value) => save(`${name}.json`, 'application/json', [JSON.stringify(value, null, 1) + '\n'])
