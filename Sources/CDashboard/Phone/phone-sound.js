// Sound between the browser's rate and the telephone's: mu-law at 8,000 Hz.

export const rate = 8000

/** ITU-T G.711: a sample of -1 to 1 as mu-law. */
export function encode(samples) {
  const bytes = new Uint8Array(samples.length)
  for (let i = 0; i < samples.length; i++) {
    let value = Math.round(Math.max(-1, Math.min(1, samples[i])) * 32767)
    const sign = value < 0 ? 0x80 : 0
    value = Math.min(32635, Math.abs(value)) + 132
    let exponent = 7
    for (let mask = 0x4000; exponent > 0 && !(value & mask); mask >>= 1) exponent--
    bytes[i] = ~(sign | exponent << 4 | value >> exponent + 3 & 0x0f)
  }
  return bytes
}

const decoded = Int16Array.from({ length: 256 }, (_, byte) => {
  const bits = ~byte & 0xff
  const value = (((bits & 0x0f) << 3) + 132 << (bits >> 4 & 7)) - 132
  return bits & 0x80 ? -value : value
})

/** Mu-law as 16-bit samples. */
export const decode = bytes => Int16Array.from(bytes, byte => decoded[byte])

/**
 * Changes the rate of a stream: a sinc under a Hann window, with a table of its values between two samples. What the lower
 * of the two rates cannot carry is filtered out.
 */
export class Resampler {
  static #phases = 256

  constructor(from, to) {
    const cutoff = Math.min(1, to / from) * .94
    this.step = from / to
    this.half = Math.ceil(14 / cutoff)
    const taps = 2 * this.half, phases = Resampler.#phases
    this.table = new Float32Array((phases + 1) * taps)
    for (let phase = 0; phase <= phases; phase++) {
      for (let tap = 0; tap < taps; tap++) {
        const x = tap - this.half + 1 - phase / phases, y = Math.PI * x * cutoff
        const window = Math.abs(x) < this.half ? .5 + .5 * Math.cos(Math.PI * x / this.half) : 0
        this.table[phase * taps + tap] = cutoff * (y === 0 ? 1 : Math.sin(y) / y) * window
      }
    }
    this.reset()
  }

  reset() {
    this.kept = new Float32Array(2 * this.half)
    this.place = 0
  }

  /** The next samples in, as many as can be made of them out. */
  process(samples) {
    const taps = 2 * this.half, input = new Float32Array(this.kept.length + samples.length)
    input.set(this.kept)
    input.set(samples, this.kept.length)
    const output = new Float32Array(Math.ceil(samples.length / this.step) + 2)
    let count = 0, place = this.place
    while (Math.floor(place) + taps <= input.length) {
      const first = Math.floor(place)
      const row = Math.round((place - first) * Resampler.#phases) * taps
      let sum = 0
      for (let tap = 0; tap < taps; tap++) sum += input[first + tap] * this.table[row + tap]
      output[count++] = sum
      place += this.step
    }
    const used = Math.min(Math.floor(place), input.length)
    this.kept = input.slice(used)
    this.place = place - used
    return output.subarray(0, count)
  }
}

/** One whole recording at the telephone's rate. */
export function atTelephoneRate(samples, from) {
  const resampler = new Resampler(from, rate), tail = new Float32Array(2 * resampler.half)
  const head = resampler.process(samples), rest = resampler.process(tail), whole = new Float32Array(head.length + rest.length)
  whole.set(head)
  whole.set(rest, head.length)
  return whole.subarray(0, Math.round(samples.length * rate / from))
}

/**
 * Plays what the agent says, as it comes: stretches of a few hundredths of a second with their places in the call. A stretch
 * that comes late moves all that follows; what comes in time joins without a seam.
 */
export class Playout {
  /** What is held back, so that a stretch may come this much late. */
  static hold = .09

  constructor(context) {
    this.context = context
    this.resampler = new Resampler(rate, context.sampleRate)
    this.sources = new Set()
    this.gain = context.createGain()
    this.gain.connect(context.destination)
    this.next = 0
    this.expected = -1
  }

  /** When a place of the call is played, in the context's time; undefined while nothing has come. */
  timeOf(place) { return this.offset === undefined ? undefined : this.offset + place / rate }

  play(place, samples) {
    const { context } = this
    const isSeamless = place === this.expected && this.next > context.currentTime
    if (!isSeamless) {
      this.resampler.reset()
      const due = this.timeOf(place)
      const isInTime = due !== undefined && due > context.currentTime + .01 && due < context.currentTime + 3 * Playout.hold
      this.next = isInTime ? due : context.currentTime + Playout.hold
      this.offset = this.next - place / rate
    }
    this.expected = place + samples.length
    const made = this.resampler.process(Float32Array.from(samples, sample => sample / 32768))
    if (made.length === 0) return
    const buffer = context.createBuffer(1, made.length, context.sampleRate)
    buffer.copyToChannel(made, 0)
    const source = context.createBufferSource()
    source.buffer = buffer
    source.connect(this.gain)
    source.onended = () => this.sources.delete(source)
    this.sources.add(source)
    source.start(this.next)
    this.next += made.length / context.sampleRate
  }

  /** Drops what has not been heard yet. */
  stop() {
    for (const source of this.sources) source.stop()
    this.sources.clear()
    this.expected = -1
    this.next = 0
  }
}
