import AudioCodecs
import Testing

@Suite struct WholeCodesTests {
  private static let codes = (0..<160).map { UInt8(truncatingIfNeeded: $0 * 53) }

  private func givesCodes(
    _ decoder: CallerAudioDecoder, _ bytes: [UInt8], _ encoding: AudioEncoding, _ rate: Int = 8000
  )
    throws -> Bool
  {
    let scratch = SampleScratch()
    let samples = try bytes.withUnsafeBytes {
      try decoder.decode($0, encoding: encoding, sampleRate: rate, into: scratch)
    }
    if decoder.givesWholeCodes { #expect(Array(samples) == encoding.decode(bytes)) }
    return decoder.givesWholeCodes
  }

  @Test("Samples are those of the bytes where they are G.711 of 8 or 16 kHz, once the stream is open")
  func whole() throws {
    for encoding in [AudioEncoding.mulaw, .alaw] {
      let decoder = CallerAudioDecoder()
      #expect(try !givesCodes(decoder, Self.codes, encoding))
      #expect(try givesCodes(decoder, Self.codes, encoding))
      #expect(try givesCodes(decoder, Array(Self.codes[..<7]), encoding))
      #expect(try !givesCodes(decoder, [], encoding))
      #expect(try givesCodes(decoder, Self.codes, encoding, 16000))
      #expect(try !givesCodes(decoder, Self.codes, encoding, 24000))
      #expect(try !givesCodes(decoder, Self.codes, .linear16, 8000))
      #expect(try givesCodes(decoder, Self.codes, encoding, 8000))
    }
  }

  @Test("They are not where a WAV header was left out")
  func header() throws {
    let decoder = CallerAudioDecoder()
    _ = try givesCodes(decoder, Self.codes, .mulaw)
    let file = WAVFile.header(format: .telephone, audioBytes: 160) + Self.codes
    #expect(try !givesCodes(decoder, file, .mulaw))
    #expect(try givesCodes(decoder, Self.codes, .mulaw))
  }
}
