import Basics
import AudioCodecs

/// What was heard and said in a call, on one time axis, at 8,000 Hz.
public struct CallTimeline: Sendable, Equatable {
  /// One side of the call.
  public enum Side: Sendable {
    /// The calling party.
    case caller
    /// The agent: what the caller hears.
    case agent
  }

  struct Segment: Sendable, Equatable {
    /// In samples from the start of the call.
    var start: Int
    var samples: [Int16]
    var end: Int { start + samples.count }
  }

  /// Samples a second.
  public static let sampleRate = 8000
  /// What is kept: an hour. Later audio is dropped and counted.
  public static let maximumSamples = 3600 * sampleRate

  private(set) var caller: [Segment] = []
  private(set) var agent: [Segment] = []
  /// Samples that were not kept.
  public private(set) var dropped = 0

  private let limit: Int

  /// An empty call; later audio than `limit` is not kept.
  public init(limit: Duration = .seconds(3600)) { self.limit = min(Self.maximumSamples, Self.position(limit)) }

  /// Puts samples on a side, beginning at a time.
  public mutating func add(_ samples: [Int16], to side: Side, at time: Duration) {
    let start = Self.position(time)
    guard !samples.isEmpty else { return }
    guard start >= 0, start + samples.count <= limit else {
      dropped += samples.count
      return
    }
    switch side {
    case .caller: caller.append(Segment(start: start, samples: samples))
    case .agent: agent.append(Segment(start: start, samples: samples))
    }
  }

  /// Removes what a side would play after a time.
  public mutating func cut(_ side: Side, at time: Duration) {
    let position = Self.position(time)
    switch side {
    case .caller: Self.cut(&caller, at: position)
    case .agent: Self.cut(&agent, at: position)
    }
  }

  private static func cut(_ segments: inout [Segment], at position: Int) {
    while let last = segments.last, last.start >= position { segments.removeLast() }
    // Prompts follow one another, so only the last one left can reach beyond.
    if let last = segments.last, last.end > position {
      segments[segments.count - 1].samples = Array(last.samples.prefix(position - last.start))
    }
  }

  /// What a side says in a stretch, with silence between; `nil` where it says nothing.
  ///
  /// - Parameter range: in samples from the start of the call.
  public func samples(of side: Side, in range: Range<Int>) -> [Int16]? {
    var samples: [Int16]?
    // The latest ones are the last.
    for segment in (side == .caller ? caller : agent).reversed() {
      if segment.end <= range.lowerBound { break }
      let shared = range.clamped(to: segment.start..<segment.end)
      guard !shared.isEmpty else { continue }
      var filled = samples ?? [Int16](repeating: 0, count: range.count)
      let (to, from) = (shared.lowerBound - range.lowerBound, shared.lowerBound - segment.start)
      filled.replaceSubrange(to..<(to + shared.count), with: segment.samples[from..<(from + shared.count)])
      samples = filled
    }
    return samples
  }

  /// Forgets what ended before a position, in samples from the start of the call.
  public mutating func forget(before position: Int) {
    if let first = caller.first, first.end <= position { caller.removeAll { $0.end <= position } }
    if let first = agent.first, first.end <= position { agent.removeAll { $0.end <= position } }
  }

  /// Where the last sample is, from the start of the call.
  public var end: Duration {
    .microseconds(125 * max(caller.last?.end ?? 0, agent.last?.end ?? 0))
  }

  /// One side's samples from the start of the call, at least until `end`, with silence between.
  public func samples(of side: Side, until end: Duration = .zero) -> [Int16] {
    let segments = side == .caller ? caller : agent
    let count = min(Self.maximumSamples, max(Self.position(end), segments.map(\.end).max() ?? 0))
    var samples = [Int16](repeating: 0, count: count)
    for segment in segments {
      samples.replaceSubrange(segment.start..<segment.end, with: segment.samples)
    }
    return samples
  }

  /// How loud a side was in the stretch of `window` before a time, in dBFS.
  public func level(of side: Side, before time: Duration, window: Duration = .milliseconds(100)) -> Double {
    let end = Self.position(time)
    let start = max(0, Self.position(time - window))
    var stretch: [Int16] = []
    for segment in (side == .caller ? caller : agent).suffix(4) where segment.start < end && segment.end > start {
      stretch += segment.samples[max(0, start - segment.start)..<min(segment.samples.count, end - segment.start)]
    }
    return Level(of: stretch).rms
  }

  /// A time in samples.
  static func position(_ time: Duration) -> Int { time.wholeMicroseconds / 125 }
}

extension Duration {
  /// Milliseconds.
  public var inMilliseconds: Double { Double(wholeMicroseconds) / 1000 }
  /// Seconds.
  public var inSeconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}
