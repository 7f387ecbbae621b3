import AudioCodecs
import Testing

@testable import SpeechDetection

@Suite("What plays, and when")
struct PlayedAudioTests {
  private func read(_ played: inout PlayedAudio, from time: Int, count: Int = 160) -> [Int16] {
    var samples = [Int16](repeating: 1, count: count)
    samples.withUnsafeMutableBufferPointer { played.read(from: time, into: $0) }
    return samples
  }

  private let codes: [UInt8] = (0..<400).map { UInt8($0 % 100) }
  private func linear(_ range: Range<Int>) -> [Int16] { range.map { G711.linear(mulaw: codes[$0]) } }

  @Test("Pieces follow one another, however early they are sent, and silence is where none is")
  func order() {
    var played = PlayedAudio()
    #expect(read(&played, from: 0).allSatisfy { $0 == 0 })
    played.play(codes[0..<200], at: 1000)
    played.play(codes[200..<400], at: 1010)
    #expect(played.end == 1400)
    #expect(read(&played, from: 920) == [Int16](repeating: 0, count: 80) + linear(0..<80))
    #expect(read(&played, from: 1120) == linear(120..<280))
    #expect(read(&played, from: 1320) == linear(320..<400) + [Int16](repeating: 0, count: 80))
    played.play(codes[0..<200], at: 2000)
    #expect(read(&played, from: 2000) == linear(0..<160))
  }

  @Test("What has been heard is forgotten, and what is still to come is not")
  func forgotten() {
    var played = PlayedAudio()
    played.play(codes[0..<200], at: 0)
    played.play(codes[200..<400], at: 0)
    played.drop(before: 250)
    #expect(read(&played, from: 40).allSatisfy { $0 == 0 })
    #expect(read(&played, from: 240) == linear(240..<400))
    #expect(played.end == 400)
  }

  @Test("What was dropped is not heard")
  func stop() {
    var played = PlayedAudio()
    played.play(codes[...], at: 0)
    played.play(codes[...], at: 0)
    played.stop(at: 100)
    #expect(played.end == 100)
    #expect(read(&played, from: 0) == linear(0..<100) + [Int16](repeating: 0, count: 60))
    played.stop(at: 200)
    #expect(played.end == 100)
    played.play(codes[0..<200], at: 200)
    #expect(read(&played, from: 200) == linear(0..<160))
  }

  @Test("No more than a minute is held, and what comes after that keeps its place")
  func bound() {
    var played = PlayedAudio()
    played.play([UInt8](repeating: 0, count: PlayedAudio.longest)[...], at: 0)
    played.play(codes[...], at: 0)
    #expect(played.end == PlayedAudio.longest + 400)
    #expect(read(&played, from: PlayedAudio.longest).allSatisfy { $0 == 0 })
    played.play(codes[...], at: PlayedAudio.longest + PlayedAudio.longestLateness)
    #expect(read(&played, from: PlayedAudio.longest + PlayedAudio.longestLateness) == linear(0..<160))
  }
}
