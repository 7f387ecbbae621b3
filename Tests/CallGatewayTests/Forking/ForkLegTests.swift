import AudioCodecs
import BotEngine
import Testing
import Wire

@testable import CallGateway
@testable import WebexProtocol

@Suite("A ForkLeg brings one speaker's audio to its session's rate")
struct ForkLegTests {
  private let scratch = SampleScratch()

  private func leg(rate: Int = 8000) -> ForkLeg {
    ForkLeg(MediaSource(id: "caller", role: .caller), rate: rate)
  }

  /// What comes out of a piece: its samples, and what is to be done about the pace.
  private func decode(
    _ bytes: [UInt8], _ encoding: AudioEncoding? = .mulaw, rate: Int32 = 8000, on leg: ForkLeg, now: Duration = .zero
  ) throws -> (count: Int, decision: RealTimeGuard.Decision) {
    var count = 0
    let decision = try bytes.withUnsafeBytes { bytes in
      try leg.decode(
        ForkRequestView.Audio(
          bytes: bytes, encoding: .unstated, sampleRate: rate, timestamp: nil, role: .caller,
          roleID: BorrowedText(nil)),
        encoding: encoding, scratch: scratch, now: now
      ) { count += $0.count }
    }
    return (count, decision)
  }

  @Test("a leg is known by its role and the platform's id of it")
  func id() {
    #expect(ForkLeg.id(.caller, "") == "caller" && ForkLeg.id(.agent, "7") == "agent:7")
    #expect(ForkLeg.id(.unspecified, "") == "unknown")
  }

  @Test("audio of another rate is brought to the session's, and the chain tells how")
  func rates() throws {
    let same = leg()
    #expect(try decode([UInt8](repeating: 0x55, count: 160), on: same).count == 160)
    #expect(same.chain == "mulaw 8k → receivers")
    let doubled = leg(rate: 16_000)
    var count = 0
    for _ in 0..<50 { count += try decode([UInt8](repeating: 0x55, count: 160), on: doubled).count }
    // A second, but for what the filter holds back.
    #expect((15_900...16_000).contains(count))
    #expect(doubled.chain.contains("16k"))
    // A leg that changes to the session's own rate needs no resampler any more.
    #expect(try decode([UInt8](repeating: 0, count: 640), .linear16, rate: 16_000, on: doubled).count == 320)
    #expect(doubled.chain == "linear16 16k → receivers")
  }

  @Test(
    "a leg that catches up after a stall is slowed down; of what is ten seconds ahead of real time nothing is given")
  func pace() throws {
    let leg = leg()
    let second = [UInt8](repeating: 0x55, count: 8000)
    _ = try decode(second, on: leg)
    // Twenty seconds may come at any speed, and ten more than the minute that has passed in all.
    let decoded = try (1...70).map { _ in try decode(second, on: leg, now: .seconds(60)) }
    func isSlowed(_ decision: RealTimeGuard.Decision) -> Bool { if case .throttle = decision { true } else { false } }
    #expect(decoded.prefix(20).allSatisfy { $0.decision == .proceed && $0.count == 8000 })
    #expect(decoded[20..<69].allSatisfy { isSlowed($0.decision) && $0.count == 8000 })
    #expect(decoded[69].decision == .refuse && decoded[69].count == 0)
  }

  @Test("after audio that was refused the next piece is a beginning: a header counts, and changes stay counted")
  func restart() throws {
    let leg = leg()
    _ = try decode([UInt8](repeating: 0x55, count: 160), on: leg)
    _ = try decode([UInt8](repeating: 0, count: 320), .linear16, on: leg)
    let changes = leg.audio.counts.formatChanges
    #expect(changes == 1)
    #expect(throws: AudioError.self) { try decode([UInt8](repeating: 0, count: 70_000), on: leg) }
    leg.restart()
    #expect(leg.audio.counts.formatChanges == changes && leg.audio.counts.samples == 0)
    // What the leg stated last holds until it states something else.
    #expect(try decode([UInt8](repeating: 0, count: 320), nil, rate: 0, on: leg).count == 160)
    #expect(leg.audio.format.encoding == .linear16)
  }

  @Test("a leg that comes again after a loss is placed where it arrives, not where it ended")
  func resume() throws {
    let leg = leg()
    let first = leg.clock.place(160, arrival: 160).position
    // Half a second late is a delay while the leg goes on, and a pause once it was lost.
    let late = leg.clock.place(160, arrival: 4320).position
    leg.resume()
    let again = leg.clock.place(160, arrival: 4480).position
    #expect(first == 0 && late == 160 && again == 4320)
  }
}
