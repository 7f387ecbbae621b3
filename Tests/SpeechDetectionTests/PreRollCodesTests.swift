import AudioCodecs
import Testing

@testable import SpeechDetection

@Suite struct PreRollCodesTests {
  private static let codes = (0..<400).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 7) }

  private func last(_ length: Int, of preroll: PreRoll) -> [Int16] {
    var samples: [Int16] = []
    preroll.withLast(length) { samples += $0 }
    return samples
  }

  private func append(_ samples: [Int16], _ codes: [UInt8]?, _ encoding: AudioEncoding, to preroll: inout PreRoll) {
    samples.withUnsafeBufferPointer { samples in
      guard let codes else { return preroll.append(samples) }
      codes.withUnsafeBufferPointer {
        preroll.append(samples, companded: CompandedSamples($0, encoding: encoding))
      }
    }
  }

  @Test(
    "Samples of codes come back to the bit, whether the codes are given or found",
    arguments: [
      AudioEncoding.mulaw, .alaw,
    ])
  func exact(_ encoding: AudioEncoding) {
    let samples = encoding.decode(Self.codes)
    for givenAt in [0, 1, 3] {
      var preroll = PreRoll(capacity: 250)
      for (number, start) in stride(from: 0, to: 400, by: 40).enumerated() {
        let piece = start..<start + 40
        let given = number >= givenAt && number % 4 != 3
        append(Array(samples[piece]), given ? Array(Self.codes[piece]) : nil, encoding, to: &preroll)
        #expect(last(1000, of: preroll) == Array(samples[..<piece.upperBound].suffix(250)))
        #expect(last(70, of: preroll) == Array(samples[..<piece.upperBound].suffix(min(70, piece.upperBound))))
      }
    }
  }

  @Test("Mu-law is kept as codes; what is not is kept as it is, with all that was there before")
  func change() {
    let samples = AudioEncoding.mulaw.decode(Self.codes)
    var preroll = PreRoll(capacity: 100)
    append(Array(samples[0..<80]), Array(Self.codes[0..<80]), .mulaw, to: &preroll)
    #expect(preroll.encoding == .mulaw)
    append([1, 2, 3], nil, .mulaw, to: &preroll)
    #expect(preroll.encoding == nil)
    #expect(last(100, of: preroll) == Array(samples[0..<80]) + [1, 2, 3])
    // Codes that come into the middle of samples are kept as samples, as long as there are such.
    append(Array(samples[80..<120]), Array(Self.codes[80..<120]), .mulaw, to: &preroll)
    #expect(preroll.encoding == nil)
    #expect(last(43, of: preroll) == [1, 2, 3] + Array(samples[80..<120]))
    preroll.reset()
    append(Array(samples[80..<120]), Array(Self.codes[80..<120]), .mulaw, to: &preroll)
    #expect(preroll.encoding == .mulaw)
    #expect(last(100, of: preroll) == Array(samples[80..<120]))
  }

  @Test("A-law that follows mu-law, and the other way, comes back to the bit")
  func otherLaw() {
    var preroll = PreRoll(capacity: 300)
    var all: [Int16] = []
    for (number, start) in stride(from: 0, to: 400, by: 50).enumerated() {
      let encoding: AudioEncoding = number % 3 == 1 ? .alaw : .mulaw
      let codes = Array(Self.codes[start..<start + 50])
      let samples = encoding.decode(codes)
      append(samples, codes, encoding, to: &preroll)
      all += samples
      #expect(last(300, of: preroll) == Array(all.suffix(300)))
    }
  }

  @Test("Of another size, codes are kept too")
  func resizing() {
    let samples = AudioEncoding.mulaw.decode(Self.codes)
    var preroll = PreRoll(capacity: 100)
    append(Array(samples[0..<150]), Array(Self.codes[0..<150]), .mulaw, to: &preroll)
    preroll.resize(to: 60)
    #expect(last(100, of: preroll) == Array(samples[90..<150]))
    preroll.resize(to: 200)
    append(Array(samples[150..<190]), Array(Self.codes[150..<190]), .mulaw, to: &preroll)
    #expect(preroll.encoding == .mulaw)
    #expect(last(200, of: preroll) == Array(samples[90..<190]))
  }

  @Test("A stretch of codes is within them")
  func stretches() {
    Self.codes.withUnsafeBufferPointer {
      let all = CompandedSamples($0, encoding: .mulaw)
      #expect(all?.stretch(from: 10, count: 3).map { Array($0.codes) } == Array(Self.codes[10..<13]))
      #expect(all?.stretch(from: 398, count: 2)?.codes.count == 2)
      #expect(all?.stretch(from: 398, count: 3) == nil)
      #expect(all?.stretch(from: -1, count: 3) == nil)
      #expect(CompandedSamples($0, encoding: .linear16) == nil)
    }
  }
}
