/// Codes of G.711 whose samples are known already: a byte for each sample, half of what the samples take.
///
/// Valid as long as the message that the codes lie in.
public struct CompandedSamples {
  /// A code for each sample.
  public let codes: UnsafeBufferPointer<UInt8>
  /// What the codes are of: `mulaw` or `alaw`.
  public let encoding: AudioEncoding

  /// Codes of `mulaw` or `alaw`; `nil` for another encoding.
  public init?(_ codes: UnsafeBufferPointer<UInt8>, encoding: AudioEncoding) {
    guard encoding != .linear16 else { return nil }
    self.codes = codes
    self.encoding = encoding
  }

  /// A stretch of them; `nil` where it is not within them.
  public func stretch(from start: Int, count: Int) -> CompandedSamples? {
    guard start >= 0, count >= 0, start <= codes.count, count <= codes.count - start else { return nil }
    return CompandedSamples(UnsafeBufferPointer(rebasing: codes[start..<start + count]), encoding: encoding)
  }
}
