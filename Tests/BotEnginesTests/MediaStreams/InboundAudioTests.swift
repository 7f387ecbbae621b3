import BotEngine
import Testing

@testable import BotEngines

@Suite("The caller's audio on the wire of Media Streams")
struct InboundAudioTests {
  private func frames(_ audio: inout InboundAudio) -> [(payload: [UInt8], offset: Int)] {
    var frames: [(payload: [UInt8], offset: Int)] = []
    audio.takeFrames { frames.append((Array($0), $1)) }
    return frames
  }

  private func stretch(_ milliseconds: Int, rate: Int = 8000) -> CallerAudio {
    CallerAudio(samples: [Int16](repeating: 8_000, count: rate / 1000 * milliseconds), sampleRate: rate, offset: 0)
  }

  @Test("comes in frames of 20 ms, whatever it came in")
  func frames() {
    var audio = InboundAudio(now: .zero)
    audio.append(stretch(33), now: .zero)
    #expect(frames(&audio).map(\.offset) == [0])
    audio.append(stretch(7), now: .zero)
    #expect(frames(&audio).map(\.offset) == [20])
    audio.append(stretch(100, rate: 16_000), now: .zero)
    #expect((4...5).contains(frames(&audio).count), "the resampler keeps a little back")
  }

  @Test("is filled with silence where nothing comes, and only there")
  func silence() {
    var audio = InboundAudio(now: .zero)
    audio.fill(now: .milliseconds(100))
    #expect(frames(&audio).isEmpty, "jitter is no gap")
    audio.fill(now: .milliseconds(140))
    let silent = frames(&audio)
    #expect(silent.count == 7 && silent.allSatisfy { $0.payload == [UInt8](repeating: 0xFF, count: 160) })
    audio.append(stretch(200), now: .milliseconds(150))
    #expect(frames(&audio).map(\.offset) == Array(stride(from: 140, to: 340, by: 20)))
    audio.fill(now: .milliseconds(340))
    #expect(frames(&audio).isEmpty, "the stream is ahead of the clock")
    audio.fill(now: .milliseconds(540))
    #expect(frames(&audio).isEmpty, "jitter of a bad network is no gap either")
    audio.fill(now: .milliseconds(560))
    #expect(frames(&audio).count == 11)
  }

  @Test("keeps to the clock over an hour of turns and gaps")
  func drift() {
    var audio = InboundAudio(now: .zero)
    var now = 0
    var count = 0
    while now < 3_600_000 {
      if now / 5000 % 2 == 0 { audio.append(stretch(20), now: .milliseconds(now)) }
      now += 20
      audio.fill(now: .milliseconds(now))
      count += frames(&audio).count
    }
    #expect(abs(count * 20 - now) < 200)
  }

  @Test("does not lose the silence after a burst")
  func burst() {
    var audio = InboundAudio(now: .zero)
    audio.append(stretch(10_000), now: .zero)
    #expect(frames(&audio).count == 500)
    audio.fill(now: .milliseconds(640))
    #expect(!frames(&audio).isEmpty)
  }
}
