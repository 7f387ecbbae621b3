import Basics
import Secrets
import YAMLReading

/// Typed scalars. Each reports what is wrong and then returns `nil`, so that one reading finds all problems.
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

  /// Reports what is wrong with a key, or with the section where none is named.
  func report(_ key: String?, _ message: String, _ remedy: String) {
    reading.report(key.map(place(of:)) ?? place, message, remedy)
  }

  func report(_ place: ConfigurationProblem.Place, _ message: String, _ remedy: String) {
    reading.report(place, message, remedy)
  }

  /// Warns of a key, or of the section where none is named.
  func warn(_ key: String?, _ message: String, _ remedy: String? = nil) {
    reading.warn(key.map(place(of:)) ?? place, message, remedy)
  }

  /// Reports a text that is none of what can be written, and the one that may have been meant.
  func report(
    _ place: ConfigurationProblem.Place, _ what: String, _ text: String, write: String, among names: [String] = []
  ) {
    let nearest = reading.suggestion(for: text, among: names)
    reading.report(
      place, "\(what) `\(text.quotedForMessage)`", "\(nearest.map { "did you mean \($0)? " } ?? "")write \(write)")
  }

  /// Reports that two keys are given of which one will do.
  func reportBoth(_ one: String, _ other: String) {
    report(other, "`\(name(one))` and `\(name(other))` are both given", "keep one of the two")
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

  /// A UUID (RFC 9562), in lower case.
  func uuid(_ text: String, name: String, _ place: ConfigurationProblem.Place) -> String? {
    guard Self.isUUID(text) else {
      reading.report(
        place, "`\(name)` has to be a UUID, not `\(text.quotedForMessage)`",
        "write it as in ce861fba-6e2f-49f9-9a84-b354008fac9e")
      return nil
    }
    return text.lowercased()
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

  /// The path of a file with a secret: it can be read, and by nobody but its owner.
  func secretFile(_ key: String, write: String) -> String? {
    guard let path = file(key, write: write) else { return nil }
    if BoundedFile.isOpenToOthers(path) {
      reading.report(
        place(of: key), "`\(name(key))`: \(path.quotedForMessage) can be read or written by others than its owner",
        "chmod 600 \(path)")
    }
    return path
  }

  /// A secret from `KEY_file` or `KEY_variable`.
  func secret(_ key: String, write: String) -> Secret? {
    let file = secretFile(key + "_file", write: write)
    let variable = text(key + "_variable", maximum: 128, write: "the name of an environment variable")
    if has(key + "_file"), has(key + "_variable") { reportBoth(key + "_file", key + "_variable") }
    return file.map(Secret.file) ?? variable.map(Secret.variable)
  }

  /// Whether a secret is named, be it one that cannot be read.
  func hasSecret(_ key: String) -> Bool { has(key + "_file") || has(key + "_variable") }

  /// A folder that is there.
  func folder(_ key: String, write: String) -> String? {
    guard let (path, place) = path(key, write: write) else { return nil }
    guard BoundedFile.isFolder(path) else {
      reading.report(place, "`\(name(key))`: there is no folder \(path.quotedForMessage)", "write \(write)")
      return nil
    }
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
