/// Which bytes of a file a request is for (RFC 9110, section 14).
public enum ByteRange: Sendable, Hashable {
  /// All of them.
  case whole
  /// Those from a place on, of this number at most.
  case part(from: Int, count: Int)
  /// None that the file has.
  case unsatisfiable

  /// What the field `Range` asks for of a file of `count` bytes; a field that is not understood, and one with several
  /// ranges, counts for nothing, as the standard has it.
  public init(_ field: String?, of count: Int) {
    self = .whole
    guard let field, let equals = field.firstIndex(of: "="),
      field[..<equals].lowercased() == "bytes"
    else { return }
    let parts = field[field.index(after: equals)...].split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return }
    switch (Self.number(parts[0]), Self.number(parts[1])) {
    case (let from?, nil) where parts[1].isEmpty:
      self = from < count ? .part(from: from, count: count - from) : .unsatisfiable
    case (let from?, let to?) where from <= to:
      self = from < count ? .part(from: from, count: min(to, count - 1) - from + 1) : .unsatisfiable
    case (nil, let last?) where parts[0].isEmpty:
      self = last > 0 && count > 0 ? .part(from: max(0, count - last), count: min(last, count)) : .unsatisfiable
    default: return
    }
  }

  /// Digits alone; what does not fit is taken for the largest number.
  private static func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text) ?? .max
  }
}
