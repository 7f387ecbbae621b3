import AudioCodecs
import Testing

@Suite struct CallerAudioDecoderTests {
  private static let linear = tone(440, at: 8000, samples: 1000)
  private static let linearBytes = AudioEncoding.linear16.encode(linear)

  @Test("A3: a tone split in two anywhere comes out bit for bit")
  func everySplit() throws {
    for split in 0...Self.linearBytes.count {
      let decoder = CallerAudioDecoder()
      let first = try decoder.take(Array(Self.linearBytes[..<split]), .linear16, 8000)
      let second = try decoder.take(Array(Self.linearBytes[split...]))
      #expect(first + second == Self.linear, "split at \(split)")
    }
  }

  @Test("A3: a tone cut into single bytes comes out bit for bit")
  func singleBytes() throws {
    let decoder = CallerAudioDecoder()
    var samples: [Int16] = []
    for byte in Self.linearBytes { samples += try decoder.take([byte], .linear16, 8000) }
    #expect(samples == Self.linear)
  }

  @Test("A3: a byte left over at the end is dropped and counted")
  func danglingByte() throws {
    let decoder = CallerAudioDecoder()
    #expect(try decoder.take(Self.linearBytes + [7], .linear16, 8000) == Self.linear)
    decoder.finish()
    #expect(decoder.counts.danglingBytes == 1)
  }

  @Test("A3: half a sample does not reach over a change of encoding")
  func carryAcrossChange() throws {
    let decoder = CallerAudioDecoder()
    _ = try decoder.take(Self.linearBytes + [7], .linear16, 8000)
    #expect(try decoder.take([0xFF, 0xFF], .mulaw) == [0, 0])
    #expect(decoder.counts.danglingBytes == 1)
  }

  @Test("A4: a header in the first chunk is left out once, whatever its form", arguments: WAVCase.readable)
  func header(file: WAVCase) throws {
    guard case .audio(let format, let audio) = file.expected else { return }
    for states in [false, true] {
      let decoder = CallerAudioDecoder()
      let samples = try decoder.take(
        file.bytes, states ? format.encoding : nil, states ? format.sampleRate : 0)
      #expect(samples == format.encoding.decode(audio))
      #expect(decoder.counts.headers == 1)
      #expect(decoder.format == format)
      #expect(decoder.counts.formatChanges == 0)
    }
  }

  @Test(
    "A4: where a header and the messages differ, the header counts, also for what follows", arguments: WAVCase.readable)
  func contradiction(file: WAVCase) throws {
    guard case .audio(let format, let audio) = file.expected else { return }
    let other: AudioEncoding = format.encoding == .mulaw ? .linear16 : .mulaw
    let expected = format.encoding.decode(audio)
    for (encoding, rate) in [(other, format.sampleRate), (format.encoding, 24_000), (other, 48_000)] {
      let decoder = CallerAudioDecoder(keepsRate: true)
      #expect(try decoder.take(file.bytes, encoding, rate) == expected)
      #expect(try decoder.take(Array(audio), encoding, rate) == expected, "stated once more, it is still wrong")
      #expect(decoder.format == format && decoder.counts.contradictions == 1)
    }
  }

  @Test(
    "A4: two channels of any rate become one of 8 or 16 kHz", arguments: [11_025, 22_050, 44_100], [4, 5, 6, 7, 882])
  func stereo(rate: Int, size: Int) throws {
    let mono = tone(440, at: rate, samples: rate)
    var bytes = WAVFile(samples: [], format: AudioFormat(encoding: .linear16, sampleRate: rate)).bytes
    bytes[22] = 2
    // A tone on one side, twice as loud: the mean is the tone.
    bytes += AudioEncoding.linear16.encode(mono.flatMap { [$0, 0] })
    let decoder = CallerAudioDecoder()
    var samples: [Int16] = []
    for start in stride(from: 0, to: bytes.count, by: 44 * size) {
      samples += try decoder.take(Array(bytes[start..<min(start + 44 * size, bytes.count)]), .mulaw, 8000)
    }
    #expect(decoder.sampleRate == (rate < 16_000 ? 8_000 : 16_000))
    #expect(abs(samples.count - decoder.sampleRate) < decoder.sampleRate / 50, "it plays for a second")
    let crossings = zip(samples, samples.dropFirst()).count { $0 < 0 && $1 >= 0 }
    #expect(abs(crossings - 440) < 10)
    #expect(decoder.counts.contradictions == 1 && decoder.counts.danglingBytes == 0)
  }

  @Test("A4: what a header says that cannot be converted is named")
  func named() throws {
    var bytes = WAVFile(samples: Self.linear, format: WAVCase.pcm).bytes
    bytes[22] = 6
    let error = #expect(throws: AudioError.self) { try CallerAudioDecoder().take(bytes) }
    #expect(error?.message.contains("6 channels at 8000 Hz") == true)
  }

  @Test(
    "A4: a header of a kind that cannot be converted is refused",
    arguments: WAVCase.unreadable.filter { !["stereo", "44,100 Hz"].contains($0.name) })
  func unreadable(file: WAVCase) throws {
    guard case .error(let expected) = file.expected else { return }
    #expect(code { try CallerAudioDecoder().take(file.bytes) } == expected)
  }

  @Test("A4: a header that never ends is refused once 4 KiB have come", arguments: WAVCase.truncated)
  func endless(file: WAVCase) throws {
    let decoder = CallerAudioDecoder()
    #expect(try decoder.take(file.bytes).isEmpty)
    #expect(code { try decoder.take([UInt8](repeating: 0, count: 65_536)) } != nil)
  }

  @Test("A4: a header may be split over chunks of any size", arguments: [1, 2, 3, 11, 15, 16, 43])
  func splitHeader(size: Int) throws {
    let file = WAVFile(samples: Self.linear, format: WAVCase.pcm)
    let decoder = CallerAudioDecoder()
    var samples: [Int16] = []
    for start in stride(from: 0, to: file.bytes.count, by: size) {
      samples += try decoder.take(Array(file.bytes[start..<min(start + size, file.bytes.count)]), .linear16, 8000)
    }
    #expect(samples == Self.linear)
    #expect(decoder.counts.headers == 1)
  }

  @Test("A4: a later chunk loses a whole header of the stream's own format, and nothing that only looks like one")
  func laterHeader() throws {
    let decoder = CallerAudioDecoder()
    _ = try decoder.take(Self.linearBytes, .linear16, 8000)
    let same = WAVFile(samples: [1, 2, 3], format: WAVCase.pcm).bytes
    #expect(try decoder.take(same) == [1, 2, 3])
    let other = WAVFile(samples: [1, 2, 3], format: .telephone).bytes
    #expect(try decoder.take(other) == AudioEncoding.linear16.decode(other))
    let broken = Array(same.prefix(40))
    #expect(try decoder.take(broken) == AudioEncoding.linear16.decode(broken))
    #expect(decoder.counts.headers == 1)
  }

  @Test(
    "A5: rates of 8, 16, 24 and 48 kHz are taken, and the higher ones come out at 16 kHz",
    arguments: [8000, 16000, 24000, 48000])
  func rates(rate: Int) throws {
    let decoder = CallerAudioDecoder()
    var samples: [Int16] = []
    let bytes = AudioEncoding.linear16.encode(tone(440, at: rate, samples: rate))
    for start in stride(from: 0, to: bytes.count, by: 961) {
      samples += try decoder.take(Array(bytes[start..<min(start + 961, bytes.count)]), .linear16, rate)
    }
    #expect(decoder.sampleRate == (rate == 8000 ? 8000 : 16000))
    #expect(abs(samples.count - decoder.sampleRate) <= 64)
    let expected = tone(440, at: decoder.sampleRate, samples: samples.count)
    let middle = 100..<(samples.count - 100)
    #expect(middle.allSatisfy { abs(Int(samples[$0]) - Int(expected[$0])) < 200 })
  }

  @Test(
    "A5: a rate below 8 or above 48 kHz is refused",
    arguments: [-1, -8000, 1, 7999, 48_001, 2_147_483_647, -2_147_483_648])
  func badRates(rate: Int) {
    #expect(code { try CallerAudioDecoder().take([], .mulaw, rate) } == .unsupportedSampleRate)
  }

  @Test("A5: the format may change eight times in a call, not nine")
  func changes() throws {
    let decoder = CallerAudioDecoder()
    let chunk = [UInt8](repeating: 0xFF, count: 160)
    _ = try decoder.take(chunk, .mulaw, 8000)
    for change in 1...8 { _ = try decoder.take(chunk, change % 2 == 1 ? .alaw : .mulaw) }
    #expect(decoder.counts.formatChanges == 8)
    #expect(code { try decoder.take(chunk, .alaw) } == .tooManyFormatChanges)

    let next = CallerAudioDecoder(formatChanges: 8)
    #expect(try next.take(chunk, .alaw, 16000).count == 160)
    #expect(code { try next.take(chunk, .mulaw) } == .tooManyFormatChanges)
  }

  @Test("A6: a chunk may have 0 to 65,536 bytes, not one more")
  func chunkSizes() throws {
    let decoder = CallerAudioDecoder()
    #expect(try decoder.take([]).isEmpty)
    #expect(try decoder.take([UInt8](repeating: 0x80, count: 65_536)).count == 65_536)
    #expect(code { try decoder.take([UInt8](repeating: 0x80, count: 65_537)) } == .chunkTooLarge)
    #expect(decoder.counts.emptyChunks == 1)
  }

  @Test("Wire 4: the stream keeps what it stated last, in a message without audio too")
  func lastStated() throws {
    let decoder = CallerAudioDecoder()
    _ = try decoder.take([], .alaw, 16000)
    let bytes = [UInt8](repeating: 0xD5, count: 320)
    #expect(try decoder.take(bytes) == AudioEncoding.alaw.decode(bytes))
    #expect(decoder.sampleRate == 16000)
    #expect(decoder.counts.formatChanges == 0)
  }

  @Test("Wire 4: what is not stated is mu-law at 8,000 Hz, or what the configuration says")
  func unstated() throws {
    let bytes = (0..<160).map { UInt8($0) }
    #expect(try CallerAudioDecoder().take(bytes) == AudioEncoding.mulaw.decode(bytes))
    let configured = CallerAudioDecoder(defaults: AudioFormat(encoding: .alaw, sampleRate: 16000))
    #expect(try configured.take(bytes) == AudioEncoding.alaw.decode(bytes))
    #expect(configured.sampleRate == 16000)
  }

  @Test(
    "Wire 4: junk packets of at most 15 bytes at the start are no audio and no error", arguments: [1, 2, 7, 14, 15])
  func junk(size: Int) throws {
    for encoding in [AudioEncoding.mulaw, .alaw, .linear16] {
      let decoder = CallerAudioDecoder()
      for _ in 0..<3 { #expect(try decoder.take([UInt8](repeating: 0x3B, count: size), encoding, 8000).isEmpty) }
      let audio = encoding.encode(Self.linear)
      let samples = try decoder.take(audio)
      #expect(samples.suffix(1000) == encoding.decode(audio)[...])
      if encoding != .linear16 || size % 2 == 1 {
        #expect(samples.count == 1000)
        #expect(decoder.counts.junkPackets == 3)
      }
      // Later on, the same packet is audio.
      #expect(try decoder.take([UInt8](repeating: 0x3B, count: 2)).count == 2 / encoding.bytesPerSample)
    }
  }

  @Test("Wire 4: junk may come before a header")
  func junkBeforeHeader() throws {
    let decoder = CallerAudioDecoder()
    _ = try decoder.take([1, 2, 3, 4])
    #expect(try decoder.take(WAVFile(samples: Self.linear, format: WAVCase.pcm).bytes) == Self.linear)
    #expect(decoder.counts.junkPackets == 1)
  }

  @Test("Wire 4: a stream of nothing but short packets loses none of its audio", arguments: [1, 5, 10, 15])
  func shortPackets(size: Int) throws {
    let decoder = CallerAudioDecoder()
    let bytes = AudioEncoding.mulaw.encode(Self.linear)
    var samples: [Int16] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      samples += try decoder.take(Array(bytes[start..<min(start + size, bytes.count)]))
    }
    #expect(samples == AudioEncoding.mulaw.decode(bytes))
    #expect(decoder.counts.junkPackets == 0)
  }

  @Test("A stream of nothing but a few junk packets ends without audio, and they are counted")
  func onlyJunk() throws {
    let decoder = CallerAudioDecoder()
    for _ in 0..<5 { _ = try decoder.take([1, 2, 3]) }
    decoder.finish()
    #expect(decoder.counts.junkPackets == 5)
    #expect(decoder.counts.samples == 0)
  }

  @Test("20,000 random chunks in random formats are decoded or refused, and nothing else")
  func randomChunks() throws {
    var random = Lehmer(state: 7)
    let scratch = SampleScratch()
    let encodings: [AudioEncoding?] = [nil, .mulaw, .alaw, .linear16]
    let rates = [0, 0, 0, 8000, 16000, 24000, 48000, -5]
    let headers = (WAVCase.readable + WAVCase.unreadable + WAVCase.truncated).map(\.bytes)
    var decoder = CallerAudioDecoder()
    var (decoded, refused) = (0, 0)
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...(Int.random(in: 0..<50, using: &random) == 0 ? 65_540 : 700), using: &random)
      var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      if Int.random(in: 0..<4, using: &random) == 0, let header = headers.randomElement(using: &random) {
        bytes = header.prefix(Int.random(in: 0...header.count, using: &random)) + bytes
      }
      do {
        let samples = try bytes.withUnsafeBytes {
          try decoder.decode(
            $0, encoding: encodings.randomElement(using: &random) ?? nil,
            sampleRate: rates.randomElement(using: &random) ?? 0, into: scratch)
        }
        decoded += 1
        #expect(samples.count <= SampleScratch.capacity)
      } catch {
        refused += 1
        decoder = CallerAudioDecoder()
      }
    }
    #expect(decoded > 1000 && refused > 1000)
  }
}
