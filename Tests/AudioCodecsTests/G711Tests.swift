import AudioCodecs
import Testing

@Suite struct G711Tests {
  private static let codes = (0...255).map { UInt8($0) }
  private static let inputs = (-32768...32767).map { Int16($0) }

  @Test("The digest used for the known answers is SHA-256")
  func digest() {
    #expect(sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test(
    "A1: the table of all 256 codes is the reference table",
    arguments: [
      (AudioEncoding.mulaw, "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"),
      (.alaw, "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"),
    ])
  func decoding(encoding: AudioEncoding, digest: String) {
    let table = encoding.decode(Self.codes)
    #expect(sha256(AudioEncoding.linear16.encode(table)) == digest)
    #expect(table.map { Int($0) }.max() == (encoding == .mulaw ? 32_124 : 32_256))
    #expect(table == (encoding == .mulaw ? G711.mulawTable : G711.alawTable))
  }

  @Test(
    "A2: the table of all 65,536 inputs is that of the ITU-T G.191 tools",
    arguments: [
      (AudioEncoding.mulaw, "90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c"),
      (.alaw, "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"),
    ])
  func encoding(encoding: AudioEncoding, digest: String) {
    #expect(sha256(encoding.encode(Self.inputs)) == digest)
  }

  @Test(
    "A2: every input within the range is encoded within half a quantizing step",
    arguments: [AudioEncoding.mulaw, .alaw])
  func precision(encoding: AudioEncoding) {
    let decoded = encoding.decode(encoding.encode(Self.inputs))
    var wrong = 0
    for (input, output) in zip(Self.inputs, decoded) {
      let magnitude = Int(output.magnitude)
      let halfStep: Int
      switch encoding {
      case .mulaw: halfStep = 4 << max(0, (magnitude + 132).bitWidth - (magnitude + 132).leadingZeroBitCount - 8)
      default: halfStep = magnitude < 512 ? 8 : 4 << (magnitude.bitWidth - magnitude.leadingZeroBitCount - 8)
      }
      let isOverload = Int(input.magnitude) > (encoding == .mulaw ? 32_635 : 32_767)
      let error = abs(Int(input) - Int(output))
      if isOverload ? magnitude < 32_124 : error > halfStep { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("A2: decoding and encoding again gives the same code, save mu-law's negative zero")
  func identity() {
    #expect(AudioEncoding.alaw.encode(AudioEncoding.alaw.decode(Self.codes)) == Self.codes)
    let expected = Self.codes.map { $0 == 0x7F ? 0xFF : $0 }
    #expect(AudioEncoding.mulaw.encode(AudioEncoding.mulaw.decode(Self.codes)) == expected)
  }

  @Test(
    "Wire 4: silence is 0xFF in mu-law, 0xD5 in A-law, 0x0000 in PCM",
    arguments: [AudioEncoding.mulaw, .alaw, .linear16])
  func silence(encoding: AudioEncoding) {
    let samples = encoding.decode([UInt8](repeating: encoding.silence, count: 4))
    #expect(samples.allSatisfy { $0.magnitude <= 8 })
    #expect(encoding.encode([0]).first == encoding.silence)
  }
}
