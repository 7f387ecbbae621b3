import CVoiceModel

/// A learned judge of whether a silent caller has finished: a second head on the voice network, whose weights come from
/// a file that `Scripts/speech/judge.py` makes of conversations. There is none in the product.
///
/// It hears what the network made of the speech before the silence, not the words. Its word stretches or shortens an
/// end silence that adapts (``TurnRhythm``).
public struct TurnJudge: Sendable, Hashable {
  /// The most bytes that a judge's file may have: more than it needs.
  public static let maximumBytes = 65_536
  /// The bytes of its weights, which follow a line of text in the file.
  public static let weightBytes = 4 * Int(TURN_JUDGE_WEIGHTS)
  private static let magic = Array("patchbay turn judge 1\n".utf8)

  private let weights: [Float]

  /// The judge of a file's bytes.
  public init(bytes: [UInt8]) throws(TurnJudgeError) {
    guard bytes.starts(with: Self.magic) else { throw TurnJudgeError(.notAJudge) }
    let rest = bytes.dropFirst(Self.magic.count)
    guard rest.count == Self.weightBytes else {
      throw TurnJudgeError(.length(expected: Self.weightBytes, found: rest.count))
    }
    weights = (0..<Int(TURN_JUDGE_WEIGHTS)).map { index in
      let start = rest.startIndex + 4 * index
      return Float(bitPattern: rest[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    guard weights.allSatisfy({ $0.isFinite && abs($0) < 1e6 }) else { throw TurnJudgeError(.notANumber) }
  }

  /// How likely it is that the turn is over, 0 to 1.
  func probability(after memory: inout TurnMemory) -> Float {
    weights.withUnsafeBufferPointer { weights in
      // There are TURN_JUDGE_WEIGHTS of them, so there is an address.
      weights.baseAddress.map { turn_judge(&memory, $0) } ?? 0.5
    }
  }
}

/// What is wrong with a judge's file.
public struct TurnJudgeError: Error, Sendable, CustomStringConvertible {
  enum Reason: Sendable {
    case notAJudge
    case length(expected: Int, found: Int)
    case notANumber
  }

  private let reason: Reason

  init(_ reason: Reason) { self.reason = reason }

  /// What is wrong, and what to do.
  public var description: String {
    switch reason {
    case .notAJudge: "this is not a judge's file: Scripts/speech/judge.py writes one"
    case .length(let expected, let found):
      "there are \(found) bytes of weights where \(expected) belong: train it again with this version's judge.py"
    case .notANumber: "a weight is not a number that could be one: train it again"
    }
  }
}
