import AudioCodecs
import Testing

@Suite("A stream of Opus packets")
struct OpusStreamTests {
  private static let rate = 16000
  private static let signal = voice(at: rate, seconds: 12)

  private func stream(_ rate: Int = rate) throws -> OpusStream { try OpusStream(sampleRate: rate) }

  private func protected(seconds: Double, duration: Int = 160, correction: Bool = true) throws -> [[UInt8]] {
    var settings = OpusEncoder.Settings()
    settings.errorCorrection = correction
    settings.expectedLoss = correction ? 20 : 0
    return try packets(
      of: Self.signal.prefix(Int(seconds * Double(Self.rate))), at: Self.rate, duration: duration, settings: settings)
  }

  /// Packets of which `percent` are lost, in bursts of up to `burst`; the first and the last are there.
  private func lose(_ packets: [[UInt8]], percent: Int, burst: Int, seed: UInt64 = 3) -> [[UInt8]?] {
    var random = Lehmer(state: seed)
    var lossy: [[UInt8]?] = packets
    var index = 1
    while index < packets.count - 1 {
      let length = Int.random(in: 1...burst, using: &random)
      // A burst of n begins n times as rarely.
      if Int.random(in: 0..<100 * (burst + 1) / 2, using: &random) < percent {
        for lost in index..<min(index + length, packets.count - 1) { lossy[lost] = nil }
        index += length
      } else {
        index += 1
      }
    }
    return lossy
  }

  @Test(
    "A8: is as long as it was with any loss, in bursts too, and what is made up of one loss is at most 100 ms",
    arguments: [0, 1, 5, 10, 20, 50], [1, 3, 10])
  func loss(percent: Int, burst: Int) throws {
    for duration in [20, 160, 480] {
      let sent = try protected(seconds: 3, duration: duration)
      let lossy = lose(sent, percent: percent, burst: burst)
      let lost = lossy.count { $0 == nil }
      let stream = try stream()
      let decoded = stream.decode(all: lossy)
      #expect(decoded.samples.count == sent.count * duration * Self.rate / 8000)
      #expect(stream.counts.lost == lost)
      #expect(stream.counts.packets == sent.count - lost)
      #expect(stream.counts.damaged == 0)
      #expect(decoded.concealed + decoded.skipped == lost * duration * Self.rate / 8000)
      #expect(stream.counts.concealedSamples == decoded.concealed)
      #expect(stream.counts.skippedSamples == decoded.skipped)
      if lost == 0 { #expect(decoded.samples == (try self.stream()).decode(all: sent).samples) }
    }
  }

  @Test(
    "A8: uses what the next packet tells of a lost one, and that is better than making it up", arguments: [5, 10, 20])
  func errorCorrection(percent: Int) throws {
    func quality(correction: Bool) throws -> (recovered: Int, lost: Int, quality: Double) {
      let sent = try protected(seconds: 12, correction: correction)
      let stream = try stream()
      let decoded = stream.decode(all: lose(sent, percent: percent, burst: 1))
      let whole = try self.stream().decode(all: sent)
      return (stream.counts.recovered, stream.counts.lost, signalToNoise(whole.samples, decoded.samples))
    }
    let with = try quality(correction: true)
    let without = try quality(correction: false)
    #expect(without.recovered == 0)
    #expect(with.recovered * 4 > with.lost)
    #expect(with.quality > without.quality + 1)
  }

  @Test("A8: conceals a damaged packet for as long as it should have lasted, and counts it")
  func damaged() throws {
    var sent = try protected(seconds: 2).map { Optional($0) }
    sent[40] = [0x03]
    sent[41] = []
    let stream = try stream()
    let decoded = stream.decode(all: sent)
    #expect(stream.counts.damaged == 2)
    #expect(decoded.samples.count == 2 * Self.rate)
    #expect(decoded.concealed == 2 * Self.rate / 50)
  }

  @Test("A8: is silent after 100 ms of damage, however many packets come")
  func silence() throws {
    let sent = try protected(seconds: 1)
    let stream = try stream()
    _ = stream.decode(all: sent)
    let decoded = stream.decode(all: [[UInt8]?](repeating: [0x03], count: 50))
    #expect(decoded.concealed == Self.rate / 10)
    #expect(decoded.skipped == Self.rate * 9 / 10)
  }

  @Test("A8: makes up nothing where the sender paused, and nothing before the first packet")
  func discontinuous() throws {
    var settings = OpusEncoder.Settings()
    settings.discontinuous = true
    let silence = [Int16](repeating: 0, count: 2 * Self.rate)
    let sent = try packets(of: silence, at: Self.rate, settings: settings).filter { $0.count > 2 }
    #expect(sent.count < 60)
    let stream = try stream()
    let decoded = stream.decode(all: sent)
    #expect(decoded.concealed == 0)
    #expect(decoded.samples.allSatisfy { $0.magnitude < 50 })

    let late = try self.stream()
    let first = late.decode(all: [nil, nil, nil] + sent)
    #expect(late.counts.lost == 3)
    #expect(first.samples.count == decoded.samples.count)
  }

  @Test("A loss of more packets than a day has costs no time and no memory")
  func absurdLoss() throws {
    let sent = try protected(seconds: 1)
    let stream = try stream()
    var decoded = stream.decode(all: sent)
    sent[0].withUnsafeBytes {
      stream.decode($0, lost: .max) { if case .samples(let piece, _) = $0 { decoded.samples += piece } }
    }
    #expect(stream.counts.lost == .max)
    #expect(decoded.samples.count <= Self.rate + Self.rate / 10 + 2 * Self.rate / 50)
  }
}
