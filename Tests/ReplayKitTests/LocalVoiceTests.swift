import AudioCodecs
import Testing

@testable import ReplayKit

@Suite("What a local voice writes")
struct LocalVoiceTests {
  /// A file as flite and espeak-ng write it into a pipe: the header's sizes say nothing.
  private func file(rate: Int, seconds: Int) -> [UInt8] {
    var bytes = WAVFile.header(format: .init(encoding: .linear16, sampleRate: rate), audioBytes: 0)
    for offset in [4, 40] { bytes.replaceSubrange(offset..<offset + 4, with: [0x00, 0xF0, 0xFF, 0x7F]) }
    return bytes + [UInt8](repeating: 16, count: 2 * rate * seconds)
  }

  @Test("is heard at the telephone's rate, as long as it is", arguments: [8000, 16000, 22050])
  func rates(rate: Int) throws {
    let samples = try #require(LocalVoice.samples(of: file(rate: rate, seconds: 2)))
    #expect(samples.count == 16_000)
    #expect(samples.contains { $0 != 0 })
  }

  @Test("is nothing where it is no such file")
  func unreadable() {
    #expect(LocalVoice.samples(of: []) == nil)
    #expect(LocalVoice.samples(of: [UInt8](repeating: 0, count: 100)) == nil)
    var stereo = file(rate: 8000, seconds: 1)
    stereo[22] = 2
    #expect(LocalVoice.samples(of: stereo) == nil)
  }

  @Test("is looked for on the PATH, and missed where it is not there")
  func searching() {
    #expect(LocalVoice(searching: "/nonexistent:/dev/null") == nil)
  }
}
