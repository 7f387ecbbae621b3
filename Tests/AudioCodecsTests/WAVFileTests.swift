import AudioCodecs
import Testing

@Suite struct WAVFileTests {
  @Test(
    "A4: a crafted WAV file is read as its audio, or refused with a reason",
    arguments: WAVCase.readable + WAVCase.unreadable + WAVCase.truncated + WAVCase.foreign)
  func crafted(file: WAVCase) throws {
    switch file.expected {
    case .audio(let format, let audio):
      #expect(try WAVFile(parsing: file.bytes) == WAVFile(format: format, audio: audio))
    case .error(let expected):
      #expect(code { try WAVFile(parsing: file.bytes) } == expected)
    }
  }

  @Test(
    "A file that is no WAV file is named by what it is",
    arguments: [
      ("RF64\0\0\0\0WAVE", "RF64"), ("RIFX\0\0\0\0WAVE", "RIFX"), ("ID3\u{3}\0\0\0\0\0\u{A}..", "ID3"),
      ("FORM\0\0\0\0AIFF", "AIFF"), ("OggS\0\0\0\0\0\0\0\0", "Ogg"), ("fLaC\0\0\0\u{22}....", "FLAC"),
      ("\0\0\0\u{18}ftypM4A ", "MP4"), ("RIFF\0\0\0\0AVI ", "RIFF"),
    ])
  func named(head: String, name: String) {
    let bytes = Array(head.utf8) + [UInt8](repeating: 0x7F, count: 100)
    #expect(AudioFileKind(of: bytes)?.advice.contains(name) == true)
    #expect(throws: AudioError.self) { try WAVFile(parsing: bytes) }
    #expect(AudioFileKind(of: [UInt8](repeating: 0xFF, count: 100)) == nil)
    #expect(AudioFileKind(of: Array("ID3".utf8) + [UInt8](repeating: 0xFF, count: 100)) == nil)
  }

  @Test(
    "A file of every encoding and rate is read as it was written", arguments: [AudioEncoding.linear16, .mulaw, .alaw])
  func roundTrip(encoding: AudioEncoding) throws {
    for rate in [8000, 16000, 24000, 48000] {
      for count in [0, 1, 2, 999, 1000] {
        let format = AudioFormat(encoding: encoding, sampleRate: rate)
        let file = WAVFile(samples: Array(tone(440, at: rate, samples: count)), format: format)
        #expect(try WAVFile(parsing: file.bytes) == file)
        #expect(file.samples.count == count)
      }
    }
  }

  @Test("A mu-law file has format 7, an extension of size 0 and the number of samples in a fact chunk")
  func mulawHeader() {
    let header = WAVFile.header(format: .telephone, audioBytes: 801)
    let expected: [UInt8] =
      Array("RIFF".utf8) + WAVCase.little(50 + 802, 4) + Array("WAVEfmt ".utf8) + WAVCase.little(18, 4)
      + WAVCase.format(7, bits: 8) + [0, 0] + Array("fact".utf8) + WAVCase.little(4, 4) + WAVCase.little(801, 4)
      + Array("data".utf8) + WAVCase.little(801, 4)
    #expect(header == expected)
  }

  @Test("A PCM file has the canonical header of 44 bytes, and its sizes are those of the file")
  func pcmHeader() {
    let file = WAVFile(samples: [1, -2, 3], format: WAVCase.pcm)
    let expected: [UInt8] =
      Array("RIFF".utf8) + WAVCase.little(42, 4) + Array("WAVEfmt ".utf8) + WAVCase.little(16, 4) + WAVCase.format(1)
      + Array("data".utf8) + WAVCase.little(6, 4) + [1, 0, 0xFE, 0xFF, 3, 0]
    #expect(file.bytes == expected)
  }

  @Test("A file over the limit is refused before it is looked at")
  func limit() {
    #expect(code { try WAVFile(parsing: WAVCase.riff(), maximumBytes: 11) } == .malformedFile)
  }

  @Test("20,000 random mutations of a header are read or refused, and nothing else")
  func mutations() {
    var random = Lehmer(state: 1)
    let files = WAVCase.readable.map(\.bytes)
    var read = 0
    for round in 0..<20_000 {
      var bytes = files[round % files.count]
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] = Bool.random(using: &random) ? .random(in: 0...255, using: &random) : 0xFF
      }
      bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &random))
      if (try? WAVFile(parsing: bytes)) != nil { read += 1 }
    }
    #expect((1..<20_000).contains(read))
  }
}
