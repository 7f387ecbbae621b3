import AudioCodecs
import Testing

@Suite("WAV files of any usual kind become samples of one channel")
struct ForeignWAVFileTests {
  private static func little(_ value: UInt64, _ bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  private static func file(tag: Int, channels: Int = 1, rate: Int = 44_100, bits: Int, data: [UInt8]) -> [UInt8] {
    let frame = channels * bits / 8
    let numbers = [(tag, 2), (channels, 2), (rate, 4), (rate * frame, 4), (frame, 2), (bits, 2)]
    return Array("RIFF".utf8) + little(UInt64(36 + data.count), 4) + Array("WAVEfmt ".utf8) + little(16, 4)
      + numbers.flatMap { little(UInt64($0.0), $0.1) } + Array("data".utf8) + little(UInt64(data.count), 4) + data
  }

  private static func double(_ value: Double) -> [UInt8] { little(value.bitPattern, 8) }
  private static func float(_ value: Float) -> [UInt8] { little(UInt64(value.bitPattern), 4) }

  static let kinds: [(name: String, bytes: [UInt8], samples: [Int16])] = [
    ("8 bits", file(tag: 1, bits: 8, data: [0, 128, 255]), [-32_768, 0, 32_512]),
    ("16 bits", file(tag: 1, bits: 16, data: [0x34, 0x12, 0, 0x80]), [0x1234, -32_768]),
    ("24 bits", file(tag: 1, bits: 24, data: [0xFF, 0x34, 0x12, 0, 0, 0x80]), [0x1234, -32_768]),
    ("32 bits", file(tag: 1, bits: 32, data: [0, 0, 0x34, 0x12]), [0x1234]),
    ("float", file(tag: 3, bits: 32, data: float(0.5) + float(-2) + float(.nan)), [16_384, -32_767, 0]),
    ("double", file(tag: 3, bits: 64, data: double(-0.5) + double(1)), [-16_384, 32_767]),
    ("mu-law", file(tag: 7, bits: 8, data: [0xFF, 0x00]), [0, -32_124]),
    ("A-law", file(tag: 6, bits: 8, data: [0xD5]), [8]),
    ("stereo", file(tag: 1, channels: 2, bits: 16, data: [100, 0, 200, 0, 0, 0x80, 0, 0x80]), [150, -32_768]),
    ("half a frame at the end", file(tag: 1, channels: 2, bits: 16, data: [1, 0, 1, 0, 9]), [1]),
  ]

  @Test(arguments: kinds.indices)
  func kind(index: Int) throws {
    let (name, bytes, samples) = Self.kinds[index]
    let file = try ForeignWAVFile(parsing: bytes)
    #expect(file.samples == samples && file.sampleRate == 44_100, "\(name)")
  }

  @Test("a second stays a second at another rate", arguments: [4_000, 11_025, 44_100, 192_000])
  func rate(rate: Int) throws {
    let bytes = Self.file(tag: 1, rate: rate, bits: 16, data: [UInt8](repeating: 0, count: rate * 2))
    #expect(try ForeignWAVFile(parsing: bytes).samples(at: 8000).count == 8000)
  }

  @Test(
    "what cannot be played says why",
    arguments: [
      (file(tag: 0x55, bits: 16, data: [0, 0]), "format 85"),
      (file(tag: 1, channels: 0, bits: 16, data: []), "channels"),
      (file(tag: 1, channels: 9, bits: 16, data: []), "9 channels"),
      (file(tag: 1, rate: 500_000, bits: 16, data: [0, 0]), "500000"), (Array("RIFF....WAVE".utf8), "truncated"),
      (Array("not a WAV file".utf8), "Not a WAV file"),
    ])
  func refused(bytes: [UInt8], phrase: String) {
    let error = #expect(throws: AudioError.self) { try ForeignWAVFile(parsing: bytes) }
    #expect(error?.message.contains(phrase) == true, "\(String(describing: error))")
  }
}

@Suite("Raw samples are told from files and streams of other kinds")
struct AudioFileKindTests {
  @Test("speech and silence in mu-law are no file, whatever they begin with")
  func raw() {
    #expect(AudioFileKind(of: []) == nil)
    #expect(AudioFileKind(of: [UInt8](repeating: 0xFF, count: 8000)) == nil, "silence")
    #expect(AudioFileKind(of: [UInt8](repeating: 0x7F, count: 8000)) == nil)
    for first in UInt8.min...UInt8.max {
      for second in stride(from: UInt8(0xE0), through: 0xFE, by: 2) {
        let audio = [0xFF, second, first, 0x80] + (0..<4000).map { UInt8(truncatingIfNeeded: 0x70 + $0 % 31) }
        #expect(AudioFileKind(of: audio) == nil, "\(second) \(first)")
      }
    }
  }

  @Test("frames of MPEG audio and of ADTS are known by the frame that follows")
  func frames() {
    let mp3 = [0xFF, 0xFB, 0x90, 0x64] + [UInt8](repeating: 0, count: 413)
    #expect(AudioFileKind(of: mp3 + mp3) == .mp3)
    #expect(AudioFileKind(of: mp3) == .mp3)
    let aac: [UInt8] = [0xFF, 0xF1, 0x50, 0x80, 0x02, 0x00, 0xFC] + [UInt8](repeating: 0, count: 9)
    #expect(AudioFileKind(of: aac + aac) == .aac)
  }
}
