import AudioCodecs
import Testing

@Suite("An Opus packet")
struct OpusPacketTests {
  private func look(_ bytes: [UInt8]) throws -> (duration: Int, errorCorrection: Bool, discontinuous: Bool) {
    try bytes.withUnsafeBytes { bytes in
      let packet = try OpusPacket(bytes)
      return (packet.duration, packet.hasErrorCorrection, packet.isDiscontinuous)
    }
  }

  private func defect(_ bytes: [UInt8]) -> OpusPacket.FormatError? {
    do {
      _ = try look(bytes)
      return nil
    } catch { return error as? OpusPacket.FormatError }
  }

  @Test("A7: tells how long it lasts, from 2.5 to 120 ms", arguments: OpusEncoder.frameDurations.sorted())
  func durations(duration: Int) throws {
    for packet in try packets(of: voice(at: 48000, seconds: 0.3), at: 48000, duration: duration) {
      #expect(try look(packet).duration == duration)
    }
  }

  @Test("A7: is refused without a byte, over 4,000 bytes, over 120 ms, or where its frames do not add up")
  func defects() {
    #expect(defect([]) == .empty)
    #expect(defect([UInt8](repeating: 0, count: 4001)) == .tooLarge)
    // Configuration 3 (60 ms), code 3, three frames: 180 ms.
    #expect(defect([0x1B, 0x03, 0, 0, 0]) == .malformed)
    // Code 3 without its count of frames; code 1 with an odd rest; code 2 with a length past the end.
    #expect(defect([0x03]) == .malformed)
    #expect(defect([0x01, 1, 2, 3]) == .malformed)
    #expect(defect([0x02, 200, 1]) == .malformed)
  }

  @Test("A7: may have frames of 1,275 bytes, and not one byte more")
  func frameSize() {
    #expect(defect([0xF8] + [UInt8](repeating: 1, count: 1275)) == nil)
    #expect(defect([0xF8] + [UInt8](repeating: 1, count: 1276)) == .malformed)
  }

  @Test("A8: tells whether it knows about the one before it")
  func errorCorrection() throws {
    var settings = OpusEncoder.Settings()
    settings.bitrate = 20_000
    let signal = voice(at: 16000, seconds: 2)
    #expect(try packets(of: signal, at: 16000, settings: settings).allSatisfy { try !look($0).errorCorrection })
    settings.errorCorrection = true
    settings.expectedLoss = 20
    for duration in [80, 160, 320, 480] {
      let protected = try packets(of: signal, at: 16000, duration: duration, settings: settings)
      let knowing = try protected.filter { try look($0).errorCorrection }
      #expect(knowing.count * 3 > protected.count, "of \(protected.count) at \(duration)")
    }
  }

  @Test("A8: tells that the sender has paused")
  func discontinuous() throws {
    var settings = OpusEncoder.Settings()
    settings.discontinuous = true
    let silence = try packets(of: [Int16](repeating: 0, count: 32_000), at: 16000, settings: settings)
    #expect(try silence.filter { try look($0).discontinuous }.count > silence.count / 2)
  }
}
