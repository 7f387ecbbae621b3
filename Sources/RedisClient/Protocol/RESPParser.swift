/// Reads a server's answers out of bytes that come in pieces of any size. A pure value; each byte is looked at once.
///
/// Nothing is set aside for what a server only announces: an array grows with its values, a string with its bytes.
public struct RESPParser: Sendable {
  /// Bounds on one answer.
  public struct Limits: Sendable, Hashable {
    /// Bytes of a line: a status, a refusal, a number.
    public var line = 16_384
    /// Bytes of a string.
    public var string = 8 << 20
    /// Arrays in arrays.
    public var depth = 8
    /// Values, with those in arrays.
    public var values = 1 << 18
    /// Bytes of everything in it.
    public var bytes = 16 << 20

    /// The defaults.
    public init() {}
  }

  private enum Step {
    /// In a line, which begins with its type.
    case line
    /// In a string, of which so many bytes are to come.
    case string(left: Int)
    /// In the CR and LF that end a string.
    case end(left: Int)
  }

  /// An array that is being read.
  private struct OpenArray {
    var values: [RESPValue] = []
    var left: Int
  }

  private let limits: Limits
  private var step = Step.line
  private var line: [UInt8] = []
  private var string: [UInt8] = []
  private var arrays: [OpenArray] = []
  /// Of the answer that is being read.
  private var values = 0
  private var bytes = 0
  private var failure: RESPError?

  private static let cr = UInt8(ascii: "\r")
  private static let lf = UInt8(ascii: "\n")

  /// A connection that is new.
  public init(_ limits: Limits = Limits()) { self.limits = limits }

  /// Takes what came, and hands out each answer that is whole.
  ///
  /// - Throws: why nothing more can be read; the same for whatever comes later.
  public mutating func feed(_ input: Span<UInt8>, emit: (RESPValue) -> Void) throws(RESPError) {
    if let failure { throw failure }
    do throws(RESPError) { try read(input, emit) } catch {
      failure = error
      (line, string, arrays) = ([], [], [])
      throw error
    }
  }

  private mutating func read(_ input: Span<UInt8>, _ emit: (RESPValue) -> Void) throws(RESPError) {
    var index = 0
    while index < input.count {
      switch step {
      case .line:
        let byte = input[index]
        index += 1
        guard byte == Self.lf else {
          // A CR has its place before the LF only.
          guard line.last != Self.cr else { throw .badEnd }
          guard line.count < limits.line else { throw .longLine(limit: limits.line) }
          if line.isEmpty { try check(type: byte) }
          line.append(byte)
          continue
        }
        guard line.count >= 2, line.removeLast() == Self.cr else { throw .badEnd }
        try finishLine(emit)
      case .string(let left):
        let count = min(left, input.count - index)
        string.reserveCapacity(string.count + count)
        for place in index..<index + count { string.append(input[place]) }
        index += count
        step = count == left ? .end(left: 2) : .string(left: left - count)
      case .end(let left):
        guard input[index] == (left == 2 ? Self.cr : Self.lf) else { throw .badEnd }
        index += 1
        guard left == 1 else {
          step = .end(left: 1)
          continue
        }
        step = .line
        let whole = string
        string = []
        try finish(.bytes(whole), emit)
      }
    }
  }

  private func check(type: UInt8) throws(RESPError) {
    switch type {
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "$"), UInt8(ascii: "*"): break
    default: throw .unknownType(type)
    }
  }

  /// A line is whole, without its end.
  private mutating func finishLine(_ emit: (RESPValue) -> Void) throws(RESPError) {
    let rest = line.dropFirst()
    let type = line.first
    defer { line.removeAll(keepingCapacity: true) }
    try spend(line.count)
    switch type {
    case UInt8(ascii: "+"): try finish(.status(String(decoding: rest, as: UTF8.self)), emit)
    case UInt8(ascii: "-"): try finish(.refusal(String(decoding: rest, as: UTF8.self)), emit)
    case UInt8(ascii: ":"): try finish(.integer(number(rest)), emit)
    case UInt8(ascii: "$"):
      let count = try number(rest)
      if count == -1 { return try finish(.null, emit) }
      guard count >= 0 else { throw .badNumber }
      guard count <= limits.string else { throw .longString(limit: limits.string) }
      try spend(Int(count))
      step = count == 0 ? .end(left: 2) : .string(left: Int(count))
    default:
      let count = try number(rest)
      if count == -1 { return try finish(.null, emit) }
      guard count >= 0 else { throw .badNumber }
      guard count <= limits.values - values else { throw .manyValues(limit: limits.values) }
      if count == 0 { return try finish(.array([]), emit) }
      guard arrays.count < limits.depth else { throw .deep(limit: limits.depth) }
      arrays.append(OpenArray(left: Int(count)))
    }
  }

  private func number(_ digits: ArraySlice<UInt8>) throws(RESPError) -> Int64 {
    guard let number = Int64(String(decoding: digits, as: UTF8.self)) else { throw .badNumber }
    return number
  }

  /// Counts bytes of the answer that is being read.
  private mutating func spend(_ count: Int) throws(RESPError) {
    bytes += count
    guard bytes <= limits.bytes else { throw .large(limit: limits.bytes) }
  }

  /// A value is whole, and with it any array whose last one it is.
  private mutating func finish(_ value: RESPValue, _ emit: (RESPValue) -> Void) throws(RESPError) {
    var value = value
    while true {
      values += 1
      guard values <= limits.values else { throw .manyValues(limit: limits.values) }
      guard var array = arrays.popLast() else { break }
      array.values.append(value)
      array.left -= 1
      guard array.left == 0 else {
        arrays.append(array)
        return
      }
      value = .array(array.values)
    }
    (values, bytes) = (0, 0)
    emit(value)
  }
}
