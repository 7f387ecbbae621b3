/// Looks for the highest level that is kept: doubles until one is not kept, or halves until one is, and then tries the
/// middle between the two until they are near.
///
/// Pure: what each trial came to goes in, the next level to try comes out.
public struct CapacitySearch: Sendable, Equatable {
  /// The highest level that was kept.
  public private(set) var kept: Double?
  /// The lowest level that was not kept.
  public private(set) var broken: Double?
  private let first: Double
  private let most: Double
  private let grain: Double
  private let precision: Double

  /// A search.
  ///
  /// - Parameters:
  ///   - first: the level that is tried first.
  ///   - most: the highest one that is tried.
  ///   - grain: levels are multiples of this.
  ///   - precision: the search is over when the two levels are as near as this part of the lower one, or a grain.
  public init(first: Double, most: Double, grain: Double = 1, precision: Double = 0.05) {
    self.grain = grain > 0 ? grain : 1
    self.most = max(self.grain, most)
    self.first = min(self.most, max(self.grain, (first / self.grain).rounded() * self.grain))
    self.precision = max(0, precision)
  }

  /// The level to try next; `nil` where the search is over.
  public var next: Double? {
    switch (kept, broken) {
    case (nil, nil): return first
    case (let kept?, nil): return kept < most ? min(most, kept * 2) : nil
    case (nil, let broken?): return broken > grain ? max(grain, round(broken / 2)) : nil
    case (let kept?, let broken?):
      // Half a grain, as sums of fractions are a little off.
      guard broken - kept > max(grain * 1.5, precision * kept) else { return nil }
      return round((kept + broken) / 2)
    }
  }

  /// A level was tried.
  public mutating func add(_ level: Double, isKept: Bool) {
    if isKept {
      kept = max(kept ?? level, level)
    } else {
      broken = min(broken ?? level, level)
    }
  }

  private func round(_ level: Double) -> Double { (level / grain).rounded() * grain }
}
