import AudioCodecs
import BotEngine
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("A MeetingParticipant is heard whole, from whichever stream, and its decoder may rest")
struct MeetingParticipantTests {
  private struct Heard: Equatable {
    var count: Int
    var position: Int
    var isConcealed = false
  }

  private func play(
    _ bytes: [UInt8], lost: Int = 0, stated: Int? = nil, arrival: Int, on participant: MeetingParticipant
  ) -> [Heard] {
    var heard: [Heard] = []
    bytes.withUnsafeBytes {
      participant.play($0, lost: lost, stated: { _ in stated }, arrival: arrival) { samples, position, isConcealed in
        heard.append(Heard(count: samples.count, position: position, isConcealed: isConcealed))
      }
    }
    return heard
  }

  private let packet = [UInt8](repeating: 0x55, count: 160)

  @Test("packets follow each other, and a lost one leaves its place free")
  func lost() throws {
    let participant = try MeetingParticipant(id: "p", codec: .mulaw, rate: 8000)
    #expect(play(packet, arrival: 160, on: participant) == [Heard(count: 160, position: 0)])
    #expect(play(packet, arrival: 320, on: participant) == [Heard(count: 160, position: 160)])
    #expect(play(packet, lost: 2, arrival: 800, on: participant) == [Heard(count: 160, position: 640)])
  }

  @Test("what a packet repeats of what was heard is left out")
  func repeated() throws {
    let participant = try MeetingParticipant(id: "p", codec: .mulaw, rate: 8000)
    for index in 0..<10 { _ = play(packet, stated: index * 160, arrival: index * 160, on: participant) }
    #expect(play(packet, stated: 320, arrival: 1600, on: participant).isEmpty)
    #expect(play(packet, stated: 1520, arrival: 1760, on: participant) == [Heard(count: 80, position: 1600)])
    #expect(play(packet, stated: 1680, arrival: 1920, on: participant) == [Heard(count: 160, position: 1680)])
  }

  @Test("at rest it has no decoder and is silent; awake again it goes on with what it has counted")
  func rest() throws {
    let participant = try MeetingParticipant(id: "p", codec: .opus, rate: 16_000)
    #expect(participant.isAwake && participant.chain == "opus 16k → receivers")
    _ = play([0xFF], arrival: 0, on: participant)
    #expect(participant.counts.damaged == 1)
    participant.rest()
    #expect(!participant.isAwake && participant.chain == "receivers")
    #expect(play([0xFF], arrival: 0, on: participant).isEmpty)
    try participant.awake()
    _ = play([0xFF], arrival: 0, on: participant)
    #expect(participant.isAwake && participant.counts.damaged == 2)
  }

  @Test("A-law is brought to the session's rate")
  func rate() throws {
    let participant = try MeetingParticipant(id: "p", codec: .alaw, rate: 16_000)
    var count = 0
    for index in 1...50 { count += play(packet, arrival: index * 320, on: participant).map(\.count).reduce(0, +) }
    #expect((15_900...16_000).contains(count))
    #expect(participant.chain.hasPrefix("alaw 8k →"))
  }

  @Test("PacketQuality is bad where over half of ten seconds' packets are damaged, told once for each ten seconds")
  func quality() {
    var quality = PacketQuality()
    var counts = OpusStream.Counts()
    func isBad(now: Duration) -> Bool { quality.isBad(counts, now: now) }
    #expect(!isBad(now: .zero))
    counts.damaged = 100
    #expect(!isBad(now: .milliseconds(9999)))
    #expect(isBad(now: .seconds(10)))
    // What was damaged before is told already.
    counts.packets += 100
    counts.damaged += 100
    #expect(!isBad(now: .seconds(19)))
    #expect(!isBad(now: .seconds(20)))
    // A few damaged packets of a participant who hardly speaks are no matter.
    counts.damaged += 9
    #expect(!isBad(now: .seconds(30)))
  }
}
