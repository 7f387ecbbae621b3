// On the browser's audio thread: hands on what the microphone hears, some 20 ms at a time.
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super()
    this.block = new Float32Array(8 * 128)
    this.filled = 0
  }

  process(inputs) {
    const channel = inputs[0]?.[0]
    if (channel) {
      this.block.set(channel, this.filled)
      this.filled += channel.length
      if (this.filled >= this.block.length) {
        this.port.postMessage(this.block, [this.block.buffer])
        this.block = new Float32Array(8 * 128)
        this.filled = 0
      }
    }
    return true
  }
}

registerProcessor('microphone', Microphone)
