/// A stream whose pieces may come at any rate, made one of the rate that is wanted: the resampler is made anew where a rate
/// changes.
///
/// Not for use from two threads at once.
public struct RateConverter {
  private var resampler: Resampler?

  /// A converter of a stream that begins.
  public init() {}

  /// The next piece at another rate, both of ``Resampler/convertibleRates``; nothing of a piece whose rate is none.
  public mutating func convert(_ samples: [Int16], from rate: Int, to wanted: Int = 8_000) -> [Int16] {
    if rate == wanted { return samples }
    if resampler?.inputRate != rate || resampler?.outputRate != wanted {
      resampler = try? Resampler(fromAny: rate, to: wanted)
    }
    return resampler?.process(samples) ?? []
  }
}
