import AudioCodecs
import Testing

@testable import ReplayKit

@Suite("What was heard, on one time axis")
struct CallTimelineTests {
  @Test("Audio lies where it was heard, with silence between")
  func placement() {
    var timeline = CallTimeline()
    timeline.add([1, 2, 3], to: .agent, at: .milliseconds(1))
    timeline.add([7], to: .agent, at: .milliseconds(2))
    timeline.add([9, 9], to: .caller, at: .microseconds(125))
    #expect(timeline.samples(of: .agent) == [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 7])
    #expect(timeline.samples(of: .caller) == [0, 9, 9])
    #expect(timeline.samples(of: .caller, until: .microseconds(625)) == [0, 9, 9, 0, 0])
    #expect(timeline.end == .microseconds(17 * 125))
  }

  @Test("A cut removes what would have played later, whole and in part")
  func cut() {
    var timeline = CallTimeline()
    timeline.add([1, 1, 1, 1], to: .agent, at: .zero)
    timeline.add([2, 2, 2, 2], to: .agent, at: .microseconds(500))
    timeline.add([3, 3, 3, 3], to: .agent, at: .microseconds(1000))
    timeline.add([5, 5], to: .caller, at: .microseconds(1000))
    timeline.cut(.agent, at: .microseconds(750))
    #expect(timeline.samples(of: .agent) == [1, 1, 1, 1, 2, 2])
    #expect(timeline.samples(of: .caller).count == 10)
  }

  @Test("More than an hour is not kept, and counted")
  func bound() {
    var timeline = CallTimeline()
    timeline.add([1, 1], to: .agent, at: .seconds(3600) - .microseconds(125))
    #expect(timeline.dropped == 2)
    timeline.add([1, 1], to: .agent, at: .seconds(-1))
    #expect(timeline.dropped == 4)
    #expect(timeline.end == .zero)
  }

  @Test("The level before a time is that of the side's last samples")
  func level() {
    var timeline = CallTimeline()
    timeline.add([Int16](repeating: 32767, count: 800), to: .agent, at: .zero)
    #expect(abs(timeline.level(of: .agent, before: .milliseconds(100))) < 0.01)
    #expect(timeline.level(of: .caller, before: .milliseconds(100)) == Level.floor)
    #expect(timeline.level(of: .agent, before: .milliseconds(300)) == Level.floor)
  }

  @Test("A clip is cut into frames of 20 ms, the last one filled up, and knows where its speech is")
  func clip() throws {
    let clip = SpokenClip.tone(milliseconds: 1010, lead: 200, tail: 310)
    #expect(clip.frames.count == 51)
    #expect(clip.frames.allSatisfy { $0.count == 160 })
    #expect(clip.frames.last?.suffix(80).allSatisfy { $0 == 0xFF } == true)
    #expect(clip.speech == .milliseconds(200)..<(.milliseconds(700)))
    #expect(clip.length == .milliseconds(1020))

    let wav = WAVFile(samples: [Int16](repeating: 0, count: 320), format: .init(encoding: .linear16, sampleRate: 16000))
    let silent = try SpokenClip(name: "", wav: wav, format: .init(encoding: .linear16, sampleRate: 16000))
    #expect(silent.frames == [[UInt8](repeating: 0, count: 640)])
    #expect(silent.speech == .zero..<(.milliseconds(20)))
  }
}
