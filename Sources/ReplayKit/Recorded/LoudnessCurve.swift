import AudioCodecs

/// How loud one side of a call is over its time, in steps of 10 ms.
public struct LoudnessCurve: Sendable, Equatable {
  /// A step, in milliseconds.
  public static let step = 10
  /// Of a side this many dB below its loudest is silence.
  static let silence: Float = 35
  /// What is below this level is silence whatever comes beside it, in dBFS.
  static let floor: Float = -55

  /// In dBFS, a value a step.
  public private(set) var levels: [Float] = []
  private var pending: [Int16] = []
  private let samplesPerStep: Int

  /// Nothing yet, of audio of a sample rate.
  public init(sampleRate: Int) { samplesPerStep = max(1, sampleRate / (1000 / Self.step)) }

  /// The samples that come next.
  public mutating func add(_ samples: some Collection<Int16>) {
    pending.append(contentsOf: samples)
    let whole = pending.count / samplesPerStep
    pending.withUnsafeBufferPointer { pending in
      for index in 0..<whole {
        let step = pending[index * samplesPerStep..<(index + 1) * samplesPerStep]
        levels.append(Float(Level(of: .init(rebasing: step)).rms))
      }
    }
    pending.removeFirst(whole * samplesPerStep)
  }

  /// Where within a range it is loud, in milliseconds: from the first loud step to the end of the last one.
  func loud(in range: Range<Int>) -> Range<Int>? {
    let steps = self.steps(range)
    guard let loudest = levels[steps].max(), loudest > Self.floor else { return nil }
    let limit = max(Self.floor, loudest - Self.silence)
    guard let first = levels[steps].firstIndex(where: { $0 > limit }),
      let last = levels[steps].lastIndex(where: { $0 > limit })
    else { return nil }
    return first * Self.step..<(last + 1) * Self.step
  }

  /// Where speech that goes on at a time has begun: after the last pause of `pause` milliseconds before it.
  func beginning(of time: Int, notBefore least: Int, pause: Int) -> Int {
    let around = steps(max(least, time - 300)..<time + 500)
    let limit = max(Self.floor, (levels[around].max() ?? Self.floor) - Self.silence)
    var beginning = time
    var step = min(time / Self.step, levels.count - 1)
    while step >= 0, step * Self.step >= least, beginning - step * Self.step <= pause {
      if levels[step] > limit { beginning = step * Self.step }
      step -= 1
    }
    return beginning
  }

  /// The loud stretches of the whole, in milliseconds, with pauses of less than `pause` within.
  func stretches(pause: Int) -> [Range<Int>] {
    guard let loudest = levels.max(), loudest > Self.floor else { return [] }
    let limit = max(Self.floor, loudest - Self.silence)
    var stretches: [Range<Int>] = []
    for (index, level) in levels.enumerated() where level > limit {
      let step = index * Self.step..<(index + 1) * Self.step
      if let last = stretches.last, step.lowerBound - last.upperBound < pause {
        stretches[stretches.count - 1] = last.lowerBound..<step.upperBound
      } else {
        stretches.append(step)
      }
    }
    // A click is not a word.
    return stretches.filter { $0.count >= 60 }
  }

  private func steps(_ range: Range<Int>) -> Range<Int> {
    let first = min(max(0, range.lowerBound / Self.step), levels.count)
    return first..<max(first, min(levels.count, (range.upperBound + Self.step - 1) / Self.step))
  }
}
