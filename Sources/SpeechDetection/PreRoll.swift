public import AudioCodecs

/// The last stretch of a stream's samples, so that speech can be handed over from before it was noticed.
///
/// Samples that are those of G.711 codes, to the bit, are kept as the codes: half of the room. All others are kept as
/// they are.
public struct PreRoll: Sendable {
  /// The most samples it keeps.
  public let capacity: Int
  /// Samples it holds.
  public var count: Int { encoding == nil ? samples.count : codes.count }

  /// What the codes are of; `nil` where samples are kept as they are, or nothing has come yet.
  private(set) var encoding: AudioEncoding?
  private var samples: SampleRing<Int16>
  private var codes: SampleRing<UInt8>

  /// A ring for a number of samples. Its room is made with the first one.
  public init(capacity: Int) {
    self.capacity = max(0, capacity)
    samples = SampleRing(capacity: capacity)
    codes = SampleRing(capacity: capacity)
  }

  /// Forgets all samples.
  public mutating func reset() {
    samples.reset()
    codes.reset()
  }

  /// Forgets all samples, and gives the room back.
  mutating func release() {
    samples.release()
    codes.release()
  }

  /// Keeps another number of samples from now on; of those it holds, the last that fit.
  public mutating func resize(to capacity: Int) {
    guard capacity != self.capacity else { return }
    var resized = PreRoll(capacity: capacity)
    resized.encoding = encoding
    codes.withLast(codes.count) { resized.codes.append($0) }
    samples.withLast(samples.count) { resized.samples.append($0) }
    self = resized
  }

  /// Adds samples; the oldest make room.
  ///
  /// - Parameter companded: the codes that the samples were decoded from, where that is known.
  public mutating func append(_ samples: UnsafeBufferPointer<Int16>, companded: CompandedSamples? = nil) {
    guard capacity > 0, !samples.isEmpty else { return }
    if let companded, companded.codes.count == samples.count, keepsCodes(of: companded.encoding) {
      codes.append(companded.codes)
    } else if !appendEncoded(samples) {
      keepSamples()
      self.samples.append(samples)
    }
  }

  /// Gives the last `length` samples, or as many as there are, in one or two pieces, oldest first.
  public func withLast(_ length: Int, _ body: (UnsafeBufferPointer<Int16>) -> Void) {
    guard let encoding else { return samples.withLast(length, body) }
    codes.withLast(length) { piece in
      withUnsafeTemporaryAllocation(of: Int16.self, capacity: piece.count) { room in
        room.initialize(repeating: 0)
        encoding.decode(UnsafeRawBufferPointer(piece), into: room)
        body(UnsafeBufferPointer(room))
      }
    }
  }

  /// Whether codes of an encoding are kept; where nothing is kept yet, they are from now on.
  private mutating func keepsCodes(of encoding: AudioEncoding) -> Bool {
    if self.encoding == encoding { return true }
    guard count == 0 else { return false }
    samples.release()
    codes.reset()
    self.encoding = encoding
    return true
  }

  /// Adds samples whose codes are not at hand, where the codes are exactly theirs: the first piece of a stream, and one
  /// that is put together of two messages'. `false` where they are not.
  private mutating func appendEncoded(_ samples: UnsafeBufferPointer<Int16>) -> Bool {
    guard encoding != nil || !self.samples.hasRoom else { return false }
    let encoding = self.encoding ?? .mulaw
    let isExact = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: samples.count) { room in
      for (index, sample) in samples.enumerated() {
        let code = encoding == .alaw ? G711.alaw(sample) : G711.mulaw(sample)
        guard sample == (encoding == .alaw ? G711.linear(alaw: code) : G711.linear(mulaw: code)) else { return false }
        room.initializeElement(at: index, to: code)
      }
      codes.append(UnsafeBufferPointer(room))
      return true
    }
    if isExact { self.encoding = encoding }
    return isExact
  }

  /// Keeps samples as they are from now on, those too that are kept as codes.
  private mutating func keepSamples() {
    guard encoding != nil else { return }
    var linear = SampleRing<Int16>(capacity: capacity)
    withLast(count) { linear.append($0) }
    samples = linear
    codes.release()
    encoding = nil
  }
}
