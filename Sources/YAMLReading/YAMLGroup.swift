/// A group of keys of a YAML text. Asking for a key makes it known; ``finish()`` reports the keys that nothing asked for.
package final class YAMLGroup {
  package let reading: YAMLReport
  /// What the group is, for messages: `the state welcome`.
  package let name: String
  package let place: YAMLPlace
  package let members: [YAMLNode.Member]
  private let byKey: [String: YAMLNode.Member]
  private var asked: [String] = []

  /// The group that a node is; what is no group is reported and counts as empty.
  package init(_ node: YAMLNode, name: String, write: String, reading: YAMLReport) {
    self.reading = reading
    self.name = name
    place = node.place
    if case .mapping(let members) = node.content {
      self.members = members
    } else {
      self.members = []
      reading.report(node.place, "\(name) has to be a group of keys, this is \(node.kind)", "write \(write)")
    }
    byKey = Dictionary(members.map { ($0.key, $0) }) { first, _ in first }
  }

  /// Whether the key is there, be it empty.
  package func has(_ key: String) -> Bool { byKey[key] != nil }

  /// The value of a key.
  package func node(_ key: String) -> YAMLNode? {
    asked.append(key)
    return byKey[key]?.value
  }

  /// Where the key stands, or else where the group begins.
  package func place(of key: String) -> YAMLPlace { byKey[key]?.keyPlace ?? place }

  /// The text of a key, of at most `maximum` UTF-8 bytes and not blank.
  package func text(_ key: String, maximum: Int, write: String) -> (text: String, place: YAMLPlace)? {
    guard let node = node(key) else { return nil }
    guard case .scalar(let text, _) = node.content, !node.isNull, !text.allSatisfy(\.isWhitespace) else {
      let what = if case .scalar = node.content { "empty" } else { "\(node.kind)" }
      reading.report(node.place, "`\(key)` of \(name) has to be text, this is \(what)", "write \(write)")
      return nil
    }
    guard text.utf8.count <= maximum else {
      reading.report(node.place, "`\(key)` of \(name) has over \(maximum) bytes", "write less")
      return nil
    }
    return (text, node.place)
  }

  /// `true` or `false`.
  package func flag(_ key: String) -> Bool? {
    guard let node = node(key) else { return nil }
    switch node.content {
    case .scalar("true", isPlain: true): return true
    case .scalar("false", isPlain: true): return false
    default:
      reading.report(node.place, "`\(key)` of \(name) has to be true or false", "write true or false, without quotes")
      return nil
    }
  }

  /// A whole number within a range.
  package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let node = node(key) else { return nil }
    guard case .scalar(let text, isPlain: true) = node.content, let number = Int(text), range.contains(number) else {
      reading.report(
        node.place, "`\(key)` of \(name) cannot be \(node.quoted)",
        "write a whole number from \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
    return number
  }

  /// A number within a range, with a fraction or without.
  package func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
    guard let node = node(key) else { return nil }
    guard case .scalar(let text, isPlain: true) = node.content, text.isWord(with: ".-+"), let number = Double(text),
      range.contains(number)
    else {
      reading.report(
        node.place, "`\(key)` of \(name) cannot be \(node.quoted)",
        "write a number from \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
    return number
  }

  /// A time with its unit, `700ms`, `8s` or `1m`, within a range, in milliseconds.
  package func milliseconds(_ key: String, in range: ClosedRange<Int>) -> Int? {
    guard let node = node(key) else { return nil }
    guard case .scalar(let text, _) = node.content, let time = Notation.duration(text)?.wholeMilliseconds,
      range.contains(time)
    else {
      reading.report(
        node.place, "`\(key)` of \(name) cannot be \(node.quoted)",
        "write a whole number with its unit (ms, s, m) from \(Notation.write(.milliseconds(range.lowerBound))) to "
          + "\(Notation.write(.milliseconds(range.upperBound))), as in 8s")
      return nil
    }
    return time
  }

  /// Reports every key that was not asked for.
  package func finish() {
    let known = asked.sorted()
    for member in members where !asked.contains(member.key) {
      let nearest = reading.suggestion(for: member.key, among: known)
      reading.report(
        member.keyPlace, "unknown key `\(member.key.quotedForMessage)` in \(name)",
        nearest.map { "write \($0), or remove it" } ?? "write one of: \(known.joined(separator: ", "))")
    }
  }
}

extension YAMLNode {
  /// The value as it may stand in a message.
  package var quoted: String {
    if case .scalar(let text, _) = content, !isNull { "`\(text.quotedForMessage)`" } else { kind }
  }
}
