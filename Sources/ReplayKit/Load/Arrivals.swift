import Glibc

/// How calls that are begun a second are spread.
public enum Arrivals: Sendable, Equatable {
  /// Evenly.
  case steady
  /// As independent callers come: the time from one to the next is exponentially distributed. The same again for the
  /// same seed.
  case poisson(seed: UInt64)
}

/// When calls are due, one after the other: each is due when the level of a curve (calls a second), summed over the
/// time, has reached a number.
struct ArrivalTimes: Sendable {
  private let curve: LoadCurve
  private let spread: Arrivals
  private var random: SeededRandom
  private var piece = 0
  /// What the pieces before this one sum up to.
  private var before = 0.0
  private var sum = 0.0
  /// The number of the call that is due next, from 0.
  private(set) var number = 0
  /// When that call is due; `nil` where no more are.
  private(set) var next: Duration?

  init(_ curve: LoadCurve, _ spread: Arrivals) {
    self.curve = curve
    self.spread = spread
    switch spread {
    case .steady: random = SeededRandom(0)
    case .poisson(let seed):
      random = SeededRandom(seed)
      sum = random.exponential()
    }
    find()
  }

  /// Goes on to the call after the next one.
  mutating func advance() {
    guard next != nil else { return }
    number += 1
    switch spread {
    // Not by adding: that would go astray over many calls.
    case .steady: sum = Double(number)
    case .poisson: sum += random.exponential()
    }
    find()
  }

  private mutating func find() {
    while piece < curve.pieces.count {
      let now = curve.pieces[piece]
      // A call that is due at the very end of a piece is the next one's, as the curve ends before its end.
      if sum < before + now.area - 1e-9 {
        next = .microseconds(((now.begin + now.time(of: max(0, sum - before))) * 1_000_000).rounded())
        return
      }
      before += now.area
      piece += 1
    }
    next = nil
  }
}

/// Numbers that look random and are the same again for the same seed (SplitMix64, Steele, Lea and Flood 2014).
struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A time with a mean of 1.
  mutating func exponential() -> Double { -log1p(-Double.random(in: 0..<1, using: &self)) }
}
