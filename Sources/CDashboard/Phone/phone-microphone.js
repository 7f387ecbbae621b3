// The microphone: heard on the audio thread, brought to the telephone's rate, and handed on in frames of 20 ms.
import { encode, rate, Resampler } from './phone-sound.js'

const frame = rate / 50

export class Microphone {
  isMuted = false

  /** Asks for the microphone. `send` gets mu-law in whole frames, `show` the level from 0 to 100. */
  static async open(context, send, show) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, autoGainControl: true } })
    await context.audioWorklet.addModule('dashboard/phone-worklet.js')
    return new Microphone(context, stream, send, show)
  }

  constructor(context, stream, send, show) {
    this.stream = stream
    this.source = context.createMediaStreamSource(stream)
    this.node = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' })
    this.source.connect(this.node)
    const resampler = new Resampler(context.sampleRate, rate)
    let waiting = new Float32Array(0)
    this.node.port.onmessage = ({ data }) => {
      const made = resampler.process(data), all = new Float32Array(waiting.length + made.length)
      all.set(waiting)
      all.set(made, waiting.length)
      const whole = Math.floor(all.length / frame) * frame
      waiting = all.slice(whole)
      const loudest = this.isMuted ? 0 : all.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
      show(Math.round(100 * Math.sqrt(loudest)))
      if (whole > 0 && !this.isMuted) send(encode(all.subarray(0, whole)))
    }
  }

  close() {
    this.node.port.onmessage = null
    this.source.disconnect()
    for (const track of this.stream.getTracks()) track.stop()
  }
}
