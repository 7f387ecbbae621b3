import AudioCodecs
import Testing

@Suite("Opus packets")
struct OpusDecoderTests {
  /// The official vectors are not in any package; what they check, that encoder and decoder agree on every bit of every
  /// packet, is checked on packets of our own over all modes, bandwidths, lengths and rates.
  @Test("A9: leave the decoder's range coder where they left the encoder's, at every output rate")
  func finalRange() throws {
    var checked = 0
    var wrong = 0
    for inputRate in [8000, 16000, 48000] {
      let signal = voice(at: inputRate, seconds: 4)
      for (bitrate, duration) in [
        (6000, 480), (9000, 160), (16_000, 320), (24_000, 160), (40_000, 80), (96_000, 20), (64_000, 40),
        (160_000, 160), (20_000, 960),
      ] {
        var settings = OpusEncoder.Settings()
        settings.bitrate = bitrate
        settings.complexity = 3
        settings.errorCorrection = bitrate % 16_000 == 0
        settings.expectedLoss = 10
        let encoder = try OpusEncoder(sampleRate: inputRate, settings: settings)
        let decoders = try Resampler.rates.sorted().map { try OpusDecoder(sampleRate: $0) }
        let length = duration * inputRate / 8000
        for start in stride(from: 0, through: signal.count - length, by: length) {
          let packet = try #require(encoder.encode(signal[start..<start + length]))
          let range = encoder.finalRange
          try packet.withUnsafeBytes { bytes in
            let packet = try OpusPacket(bytes)
            for decoder in decoders {
              let samples = decoder.decode(packet)
              checked += 1
              if decoder.finalRange != range || samples?.count != packet.samples(at: decoder.sampleRate) { wrong += 1 }
            }
          }
        }
      }
    }
    #expect(wrong == 0)
    #expect(checked > 20_075)
  }

  @Test("come out at the pipeline's own rate, as they went in", arguments: [8000, 16000, 24000, 48000])
  func rates(rate: Int) throws {
    // A low tone, which every rate and mode can carry.
    let encoder = try OpusEncoder(sampleRate: 48000, settings: OpusEncoder.Settings())
    let signal = tone(300, at: 48000, samples: 96_000)
    let stream = try OpusStream(sampleRate: rate)
    var decoded = Decoded()
    for start in stride(from: 0, to: signal.count, by: 960) {
      let packet = try #require(encoder.encode(signal[start..<start + 960]))
      packet.withUnsafeBytes { stream.decode($0) { decoded.append($0) } }
    }
    let expected = tone(300, at: rate, samples: 2 * rate)
    // The codec's delay differs by mode and rate: the best of the shifts up to 20 ms.
    let best = (0...rate / 50).map { shift in
      signalToNoise(
        Array(expected[rate / 2..<rate * 11 / 20]), Array(decoded.samples[rate / 2 + shift..<rate * 11 / 20 + shift]))
    }.max()
    #expect(try #require(best) > 20)
    #expect(decoded.samples.count == 2 * rate)
  }

  @Test("A7: of random bytes are decoded or damaged, and nothing else: 20,000 of them")
  func random() throws {
    var random = Lehmer(state: 7)
    let streams = try Resampler.rates.sorted().map { try OpusStream(sampleRate: $0) }
    let real = try packets(of: voice(at: 48000, seconds: 1), at: 48000, duration: 160)
    for index in 0..<20_000 {
      let stream = streams[index % streams.count]
      var bytes: [UInt8]
      if index % 3 == 0 {
        bytes = real[index % real.count]
        for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if index % 2 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
      } else {
        bytes = (0..<Int.random(in: 0...1300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
      let before = stream.counts
      var samples = 0
      bytes.withUnsafeBytes { bytes in
        stream.decode(bytes, lost: index % 50 == 0 ? Int.random(in: 0...5, using: &random) : 0) { output in
          if case .samples(let piece, _) = output { samples += piece.count }
        }
      }
      #expect(stream.counts.packets + stream.counts.damaged == before.packets + before.damaged + 1)
      #expect(samples <= 6 * 120 * stream.sampleRate / 1000)
    }
    #expect(streams.allSatisfy { $0.counts.packets > 100 && $0.counts.damaged > 100 })
  }

  @Test("are encoded in frames of 2.5 to 120 ms only")
  func frames() throws {
    let encoder = try OpusEncoder(sampleRate: 16000)
    #expect(encoder.encode([Int16](repeating: 0, count: 320)) != nil)
    #expect(encoder.encode([Int16](repeating: 0, count: 319)) == nil)
    #expect(encoder.encode([Int16]()) == nil)
    #expect(encoder.encode([Int16](repeating: 0, count: 16000)) == nil)
    #expect(code { try OpusEncoder(sampleRate: 44100) } == .unsupportedSampleRate)
    #expect(code { try OpusDecoder(sampleRate: 0) } == .unsupportedSampleRate)
  }
}
