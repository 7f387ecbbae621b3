/// A part of a run: how the load gets to a level, and how long it stays there.
public struct LoadStage: Sendable, Equatable {
  /// Calls at once, or calls that are begun a second.
  public var level: Double
  /// From the level before to this one, evenly.
  public var ramp: Duration
  /// The ramp goes in so many equal steps instead; the first is taken at once, the last one at the ramp's end less a
  /// step's time.
  public var steps: Int?
  /// How long the level is held after the ramp.
  public var duration: Duration

  /// A stage.
  public init(level: Double, ramp: Duration = .zero, steps: Int? = nil, duration: Duration = .zero) {
    self.level = max(0, level)
    self.ramp = max(.zero, ramp)
    self.steps = steps
    self.duration = max(.zero, duration)
  }
}

/// The load over the time of a run: straight pieces, one after the other. After the last one its level stays.
struct LoadCurve: Sendable, Equatable {
  /// From one level to another in a time of seconds, which is above 0.
  struct Piece: Sendable, Equatable {
    var begin: Double
    var length: Double
    var from: Double
    var to: Double

    var end: Double { begin + length }
    var slope: Double { (to - from) / length }
    /// The level, summed over the time.
    var area: Double { (from + to) / 2 * length }

    /// The seconds from the piece's begin until the level has summed up to something within ``area``.
    func time(of sum: Double) -> Double {
      guard sum > 0 else { return 0 }
      // Without the difference of two near numbers that the usual formula has.
      let root = max(0, from * from + 2 * slope * sum).squareRoot()
      return from + root > 0 ? min(length, 2 * sum / (from + root)) : length
    }
  }

  private(set) var pieces: [Piece] = []
  /// The level at the end and after it.
  private(set) var last = 0.0
  /// The time of all stages, in seconds.
  private(set) var end = 0.0
  /// The highest level.
  private(set) var highest = 0.0

  /// A curve from 0 through some stages.
  init(_ stages: [LoadStage]) {
    for stage in stages {
      if let steps = stage.steps, steps > 0 {
        let first = last
        for step in 1...steps {
          last = first + (stage.level - first) * Double(step) / Double(steps)
          add(stage.ramp.inSeconds / Double(steps), from: last)
        }
      } else {
        add(stage.ramp.inSeconds, from: last, to: stage.level)
      }
      last = stage.level
      add(stage.duration.inSeconds, from: last)
    }
  }

  private mutating func add(_ length: Double, from: Double, to: Double? = nil) {
    highest = max(highest, from, to ?? from)
    guard length > 0 else { return }
    pieces.append(Piece(begin: end, length: length, from: from, to: to ?? from))
    end += length
  }

  /// Reads a curve from its begin to its end; asking for a time before the last one asked for is of no use.
  struct Cursor: Sendable {
    private let curve: LoadCurve
    private var piece = 0

    init(_ curve: LoadCurve) { self.curve = curve }

    /// How many calls are to be up at a time: while the level rises, the first call of all is begun at once and the
    /// last one at the end of the rise.
    mutating func calls(at time: Duration) -> Int {
      let time = time.inSeconds
      while piece < curve.pieces.count, curve.pieces[piece].end <= time { piece += 1 }
      guard piece < curve.pieces.count else { return Int(curve.last.rounded(.up)) }
      let now = curve.pieces[piece]
      let level = now.from + now.slope * max(0, time - now.begin)
      // What is meant to be whole may be a little off.
      if now.to > now.from { return min(Int(now.to.rounded(.up)), Int((level + 1e-9).rounded(.down)) + 1) }
      return Int((level - 1e-9).rounded(.up))
    }
  }
}
