/// A stage of an audio pipeline: takes linear samples and hands what it makes of them to the stage that it wraps.
///
/// Stages are generic over the next one, so that a pipeline is one type and costs no more than its parts. Each names
/// itself, so that one line of a log shows what a call's audio goes through: `mulaw 8k → resample 16k → detector`.
public protocol AudioStage {
  /// The names of this stage and of all after it.
  var names: [String] { get }

  /// Takes a piece of the stream; it may be of any size and is valid within the call.
  mutating func process(_ samples: UnsafeBufferPointer<Int16>)
}

extension AudioStage {
  /// The stages in one line.
  public var chain: String { names.joined(separator: " → ") }
}

extension AudioFormat {
  /// As in a chain: `mulaw 8k`.
  public var stageName: String { "\(encoding.rawValue) \(sampleRate / 1000)k" }
}

/// Changes the rate of what it hands on; hands on as it is what has the rate already.
public struct ResamplingStage<Next: AudioStage>: AudioStage {
  /// The stage after it.
  public var next: Next
  private let resampler: Resampler?
  /// Room for what one slice of the input gives at most.
  private let room: Scratch

  /// Samples that are resampled at once.
  private static var slice: Int { 480 }

  /// A stage from one rate to another.
  public init(from inputRate: Int, to outputRate: Int, next: Next) throws(AudioError) {
    self.next = next
    resampler = inputRate == outputRate ? nil : try Resampler(from: inputRate, to: outputRate)
    room = Scratch(resampler?.maximumOutput(of: Self.slice) ?? 0)
  }

  /// The names of this stage and of all after it.
  public var names: [String] {
    guard let resampler else { return next.names }
    return ["resample \(resampler.outputRate / 1000)k"] + next.names
  }

  /// Takes a piece of the stream.
  public mutating func process(_ samples: UnsafeBufferPointer<Int16>) {
    guard let resampler else { return next.process(samples) }
    var taken = 0
    while taken < samples.count {
      let length = min(Self.slice, samples.count - taken)
      let piece = UnsafeBufferPointer(rebasing: samples[taken..<taken + length])
      taken += length
      let count = resampler.process(piece, into: room.samples)
      if count > 0 { next.process(UnsafeBufferPointer(rebasing: room.samples[..<count])) }
    }
  }

  private final class Scratch {
    let samples: UnsafeMutableBufferPointer<Int16>
    init(_ count: Int) {
      samples = .allocate(capacity: count)
      samples.initialize(repeating: 0)
    }
    deinit { samples.deallocate() }
  }
}

/// The end of a pipeline: a closure with a name.
public struct SinkStage: AudioStage {
  private let name: String
  private let body: (UnsafeBufferPointer<Int16>) -> Void

  /// An end.
  public init(_ name: String, _ body: @escaping (UnsafeBufferPointer<Int16>) -> Void) {
    self.name = name
    self.body = body
  }

  /// The end's name.
  public var names: [String] { [name] }

  /// Hands the piece to the closure.
  public func process(_ samples: UnsafeBufferPointer<Int16>) { body(samples) }
}
