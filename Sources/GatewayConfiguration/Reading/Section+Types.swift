import YAMLReading

/// Typed scalars. Each reports what is wrong and then returns the default, so that one reading finds all problems.
extension Section {
  /// Text without control characters, of at most `maximum` UTF-8 bytes.
  func text(_ key: String, maximum: Int = 512, write: String) -> String? {
    value(key, write: write).flatMap { check($0, name: name(key), maximum: maximum, write: write) }
  }

  /// Text that has to be there.
  func requiredText(_ key: String, maximum: Int = 512, write: String) -> String? {
    require(key, write: write)
    return text(key, maximum: maximum, write: write)
  }

  /// Reports a key that is not there.
  func require(_ key: String, write: String) {
    if !has(key), !isMentioned(key) {
      reading.report(place, "`\(name(key))` is missing", "write `\(key): \(write)`")
    }
  }

  /// Texts of a list.
  func texts(_ key: String, maximum: Int, write: String) -> [(text: String, place: ConfigurationProblem.Place)] {
    values(key, maximum: maximum, write: write).compactMap { value in
      check(value, name: name(key), maximum: 512, write: write).map { ($0, value.place) }
    }
  }

  private func check(_ value: Value, name: String, maximum: Int, write: String) -> String? {
    if value.text.utf8.count > maximum {
      reading.report(value.place, "`\(name)` is over \(maximum) bytes long", "write \(write)")
      return nil
    }
    if value.text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      reading.report(value.place, "`\(name)` has a line break or another control character", "write \(write)")
      return nil
    }
    if value.isPlain, !value.isVariable, Self.reserved.contains(value.text.lowercased()) {
      reading.report(
        value.place, "`\(name)` has to be text, and YAML reads \(value.text) as something else",
        "put it in quotes, \"\(value.text)\"")
      return nil
    }
    return value.text
  }

  private static let reserved: Set<String> = ["true", "false", "yes", "no", "on", "off"]

  /// `true` or `false`; `nil` where not given.
  func flag(_ key: String) -> Bool? {
    guard let value = value(key, write: "true or false") else { return nil }
    switch value.text {
    case "true" where value.isPlain: return true
    case "false" where value.isPlain: return false
    default:
      reading.report(
        value.place, "`\(name(key))` has to be true or false, not `\(value.text.quotedForMessage)`",
        "write true or false, without quotes")
      return nil
    }
  }

  /// A whole number within a range.
  func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
    let write = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let value = value(key, write: write) else { return fallback }
    guard value.isPlain, let number = Int(value.text), range.contains(number) else {
      reading.report(
        value.place, "`\(name(key))` cannot be `\(value.text.quotedForMessage)`", "write \(write)")
      return fallback
    }
    return number
  }

  /// A duration within a range.
  func duration(_ key: String, in range: ClosedRange<Duration>, default fallback: Duration) -> Duration {
    let write =
      "a number with its unit (ms, s, m, h, d) from \(Notation.write(range.lowerBound)) to "
      + "\(Notation.write(range.upperBound)), as in \(Notation.write(fallback))"
    guard let value = value(key, write: write) else { return fallback }
    guard let duration = Notation.duration(value.text), range.contains(duration) else {
      reading.report(value.place, "`\(name(key))` cannot be `\(value.text.quotedForMessage)`", "write \(write)")
      return fallback
    }
    return duration
  }

  /// Bytes; `nil` where the key is not there, or says nothing that can be used.
  func size(_ key: String, in range: ClosedRange<Int>, example: String) -> Int? {
    let write =
      "a number with its unit (KiB, MiB, GiB) from \(Notation.write(size: range.lowerBound)) to "
      + "\(Notation.write(size: range.upperBound)), as in \(example)"
    guard let value = value(key, write: write) else { return nil }
    guard let size = Notation.size(value.text), range.contains(size) else {
      reading.report(value.place, "`\(name(key))` cannot be `\(value.text.quotedForMessage)`", "write \(write)")
      return nil
    }
    return size
  }

  /// One of an enumeration's names.
  func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, default fallback: Choice) -> Choice
  where Choice.RawValue == String {
    let names = Choice.allCases.map(\.rawValue)
    let write = "one of: \(names.joined(separator: ", "))"
    guard let value = value(key, write: write) else { return fallback }
    guard let choice = Choice(rawValue: value.text) else {
      let nearest = reading.suggestion(for: value.text, among: names)
      reading.report(
        value.place, "`\(name(key))` cannot be `\(value.text.quotedForMessage)`",
        "\(nearest.map { "did you mean \($0)? " } ?? "")write \(write)")
      return fallback
    }
    return choice
  }

  /// An address to listen on.
  func address(_ key: String, default fallback: NetworkAddress) -> NetworkAddress {
    let write = "an IP address and a port, as in \(fallback), [::1]:\(fallback.port) or 0.0.0.0:\(fallback.port)"
    guard let value = value(key, write: write) else { return fallback }
    guard let address = NetworkAddress(value.text) else {
      reading.report(
        value.place, "`\(name(key))` cannot be `\(value.text.quotedForMessage)`", "write \(write)")
      return fallback
    }
    return address
  }

  /// A UUID (RFC 9562), in lower case.
  func uuid(_ value: Value, name: String) -> String? {
    guard Self.isUUID(value.text) else {
      reading.report(
        value.place, "`\(name)` has to be a UUID, not `\(value.text.quotedForMessage)`",
        "write it as in ce861fba-6e2f-49f9-9a84-b354008fac9e")
      return nil
    }
    return value.text.lowercased()
  }

  /// Whether a text is a UUID, in either case.
  static func isUUID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(\.utf8)
    return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.joined().allSatisfy(isHexadecimal)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
  }

  /// The path of a file that can be read.
  func file(_ key: String, write: String) -> String? {
    guard let (path, place) = path(key, write: write) else { return nil }
    if let obstacle = BoundedFile.obstacle(path) {
      reading.report(place, "`\(name(key))`: \(path.quotedForMessage) cannot be read (\(obstacle))", "write \(write)")
      return nil
    }
    reading.note(file: path, of: name(key))
    return path
  }

  /// A path: relative to the file's folder where it comes from the file.
  func path(_ key: String, write: String) -> (String, ConfigurationProblem.Place)? {
    guard let value = value(key, write: write), let text = check(value, name: name(key), maximum: 4_096, write: write)
    else { return nil }
    if value.isVariable || text.hasPrefix("/") || reading.folder.isEmpty { return (text, value.place) }
    return (reading.folder + text, value.place)
  }
}
