import Basics
import Secrets
import YAMLReading
import Yams

/// How a value is written: read from a file or a variable, printed, and told in the reference.
struct Form<Value: Sendable & Equatable>: Sendable {
  /// For the reference.
  var type: String
  /// The value of a key; `nil` where it is not given, or wrong, which is reported then. What stands without it is an
  /// example for messages, which otherwise say what to write.
  var read: @Sendable (_ section: Section, _ key: String, _ standing: Value?, _ write: String) -> Value?
  /// What is printed, and what the key's name ends with then; nothing where the key is left out.
  var print: @Sendable (Value, Printer) -> [(suffix: String, node: Node)]
  /// The names that a key has, by their ends.
  var suffixes = [""]
  /// What the reference says of keys within the value, where it has any.
  var inner: (@Sendable (Reference.Place) -> [Reference.Row])?
  /// What the name of a key within the value begins with, after the value's own.
  var mark = ""
  /// Takes from another value what can change while the server runs.
  var adopt: (@Sendable (inout Value, Value) -> Void)?
  /// The keys within the value that differ.
  var differences: (@Sendable (_ old: Value, _ new: Value, _ prefix: String) -> [KeyDifference])?

  /// The same for a value that may be left out.
  var optional: Form<Value?> {
    var form = Form<Value?>(
      type: type, read: { read($0, $1, $2 ?? nil, $3).map(Optional.some) },
      print: { value, printer in value.map { print($0, printer) } ?? [] }, suffixes: suffixes, inner: inner, mark: mark)
    if let adopt {
      form.adopt = { value, new in
        guard var inner = value, let new else { return }
        adopt(&inner, new)
        value = inner
      }
    }
    if let differences {
      form.differences = { old, new, prefix in
        guard let old, let new else { return [.init(name: String(prefix.dropLast()), isLive: false)] }
        return differences(old, new, prefix)
      }
    }
    return form
  }

  func rows(_ name: String, _ place: Reference.Place, _ help: String, _ standard: String) -> [Reference.Row] {
    suffixes.map { end in
      let type = end == "_variable" ? "the name of an environment variable" : type
      return place.row(name + end, type, standard, help, isGroup: inner != nil)
    }
      + (inner.map { $0(place.beneath(name + mark)) } ?? [])
  }

  /// A single value.
  ///
  /// - Parameters:
  ///   - write: what to write, for messages; an example may be given.
  ///   - names: the words of which one may have been meant.
  private static func scalar(
    _ type: String, write: @escaping @Sendable (Value?) -> String, names: [String] = [],
    print: @escaping @Sendable (Value) -> Node, parse: @escaping @Sendable (Section.Value) -> Value?
  ) -> Self {
    Form(
      type: type,
      read: { section, key, standing, _ in
        let write = write(standing)
        guard let value = section.value(key, write: write) else { return nil }
        if let parsed = parse(value) { return parsed }
        section.report(value.place, "`\(section.name(key))` cannot be", value.text, write: write, among: names)
        return nil
      },
      print: { value, _ in [("", print(value))] })
  }

  /// A text or a path.
  private static func text(
    _ type: String, print: @escaping @Sendable (Value, Printer) -> Node,
    read: @escaping @Sendable (_ section: Section, _ key: String, _ write: String) -> Value?
  ) -> Self {
    Form(type: type, read: { section, key, _, write in read(section, key, write) }, print: { [("", print($0, $1))] })
  }
}

extension Form where Value == Int {
  static func integer(_ range: ClosedRange<Int>) -> Self {
    let write = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    return scalar("\(range.lowerBound) to \(range.upperBound)", write: { _ in write }, print: { .plain("\($0)") }) {
      guard $0.isPlain, let number = Int($0.text), range.contains(number) else { return nil }
      return number
    }
  }

  /// One of a few numbers.
  static func oneOf(_ numbers: Int...) -> Self {
    let list = numbers.map(String.init).joined(separator: ", ")
    return scalar("one of: \(list)", write: { _ in "one of: \(list)" }, print: { .plain("\($0)") }) {
      guard $0.isPlain, let number = Int($0.text), numbers.contains(number) else { return nil }
      return number
    }
  }

  /// Bytes.
  static func size(_ range: ClosedRange<Int>, example: String) -> Self {
    let bounds = "from \(Notation.write(size: range.lowerBound)) to \(Notation.write(size: range.upperBound))"
    return scalar(
      "a size \(bounds)", write: { _ in "a number with its unit (KiB, MiB, GiB) \(bounds), as in \(example)" },
      print: { .plain(Notation.write(size: $0)) }
    ) { Notation.size($0.text).flatMap { range.contains($0) ? $0 : nil } }
  }
}

extension Form where Value == Duration {
  static func duration(_ range: ClosedRange<Duration>, example: Duration? = nil) -> Self {
    let bounds = "from \(Notation.write(range.lowerBound)) to \(Notation.write(range.upperBound))"
    return scalar(
      "a duration \(bounds)",
      write: {
        "a number with its unit (ms, s, m, h, d) \(bounds), as in \(Notation.write($0 ?? example ?? range.upperBound))"
      }, print: { .plain(Notation.write($0)) }
    ) { Notation.duration($0.text).flatMap { range.contains($0) ? $0 : nil } }
  }
}

extension Int {
  var ms: Duration { .milliseconds(self) }
  var s: Duration { .seconds(self) }
  var min: Duration { .seconds(self * 60) }
  var h: Duration { .seconds(self * 3_600) }
  var d: Duration { .seconds(self * 86_400) }
}

extension Form where Value == Bool {
  static var flag: Self {
    Form(
      type: "true or false", read: { section, key, _, _ in section.flag(key) },
      print: { value, _ in [("", .plain("\(value)"))] })
  }
}

extension Form where Value == NetworkAddress {
  static var address: Self {
    scalar(
      "an IP address and a port",
      write: { standing in
        let port = standing?.port ?? 0
        let example = standing?.description ?? "127.0.0.1:0"
        return "an IP address and a port, as in \(example), [::1]:\(port) or 0.0.0.0:\(port)"
      }, print: { .text($0.description) }
    ) { NetworkAddress($0.text) }
  }
}

extension Form where Value: RawRepresentable<String> & CaseIterable {
  static var choice: Self { choice(Array(Value.allCases)) }
  static var quotedChoice: Self { choice(Array(Value.allCases), isQuoted: true) }
}

extension Form where Value: RawRepresentable<String> {
  static func choice(_ values: [Value], isQuoted: Bool = false) -> Self {
    let names = values.map(\.rawValue)
    let write = "one of: \(names.joined(separator: ", "))"
    return scalar(
      write, write: { _ in write }, names: names, print: { isQuoted ? .text($0.rawValue) : .plain($0.rawValue) }
    ) { names.contains($0.text) ? Value(rawValue: $0.text) : nil }
  }
}

extension Form where Value == String {
  /// Text of at most so many bytes; what may be secret is not printed.
  static func text(_ maximum: Int = 512, isMasked: Bool = false) -> Self {
    text("text, at most \(maximum) bytes", print: { text, _ in isMasked ? .masked : .text(text) }) {
      $0.text($1, maximum: maximum, write: $2)
    }
  }

  static var uuid: Self {
    text("a UUID", print: { text, _ in .text(text) }) { section, key, write in
      section.value(key, write: write).flatMap { section.uuid($0.text, name: section.name(key), $0.place) }
    }
  }

  /// A file that can be read.
  static var file: Self { text("a file's path", print: { $1.path($0) }) { $0.file($1, write: $2) } }

  /// A file that nobody but its owner can read.
  static var secretFile: Self {
    text("the path of a file that only its owner can read", print: { $1.path($0) }) { $0.secretFile($1, write: $2) }
  }

  /// A folder that is there.
  static var folder: Self { text("a folder's path", print: { $1.path($0) }) { $0.folder($1, write: $2) } }

  /// A path where something may be or not.
  static var path: Self { text("a path", print: { $1.path($0) }) { $0.path($1, write: $2)?.0 } }
}

extension Form where Value == Secret {
  /// `KEY_file` or `KEY_variable`.
  static var secret: Self {
    Form(
      type: "the path of a file that only its owner can read",
      read: { section, key, _, write in section.secret(key, write: "the path of a file with \(write)") },
      print: { secret, printer in
        switch secret {
        case .file(let name): [("_file", printer.path(name))]
        case .variable(let name): [("_variable", .text(name))]
        }
      }, suffixes: ["_file", "_variable"])
  }
}

extension Form {
  /// Texts of a list, each brought to its value; where that is `nil`, the reader has reported why.
  ///
  /// - Parameter one: what each is, for the reference and for messages.
  static func texts<Element: Sendable>(
    _ maximum: Int, _ one: String, printsEmpty: Bool = false, print: @escaping @Sendable ([Element]) -> Node,
    each: @escaping @Sendable (Section, String, ConfigurationProblem.Place) -> Element?
  ) -> Self where Value == [Element] {
    Form(
      type: "a list of at most \(maximum): \(one)",
      read: { section, key, _, _ in
        let elements = section.texts(key, maximum: maximum, write: one).compactMap { each(section, $0, $1) }
        return section.has(key) ? elements : nil
      },
      print: { elements, _ in elements.isEmpty && !printsEmpty ? [] : [("", print(elements))] })
  }

  /// Texts of a list.
  static func texts(
    _ maximum: Int, _ one: String, isMasked: Bool = false,
    each: @escaping @Sendable (Section, String, ConfigurationProblem.Place) -> String? = { _, text, _ in text }
  ) -> Self where Value == [String] {
    texts(
      maximum, one, print: { Node($0.map { isMasked ? .masked : .text($0) }, .implicit, .flow) }, each: each)
  }

  /// Names in a list, in lower case.
  static func names(
    _ maximum: Int, _ one: String, _ remedy: String, _ isName: @escaping @Sendable (String) -> Bool
  ) -> Self where Value == [String] {
    texts(maximum, one) { section, text, place in
      if isName(text) { return text.lowercased() }
      section.report(place, "`\(text.quotedForMessage)` is not \(one)", remedy)
      return nil
    }
  }

  /// Names of an enumeration in a list.
  static func choices<Element: RawRepresentable<String> & CaseIterable & Sendable>(
    _ unknown: String, print: @escaping @Sendable ([Element]) -> Node, printsEmpty: Bool = false
  ) -> Self where Value == [Element] {
    let names = Element.allCases.map(\.rawValue)
    let write = "any of: \(names.joined(separator: ", "))"
    return texts(16, write, printsEmpty: printsEmpty, print: print) { section, text, place in
      if let element = Element(rawValue: text) { return element }
      section.report(place, unknown, text, write: write, among: names)
      return nil
    }
  }
}

extension Form where Value: KeyGroup {
  /// A group of keys, all of which have defaults.
  static var group: Self { group(write: nil) { $0.always($1) } }

  /// A group of keys that stands for nothing unless it is written.
  static func group(write: String) -> Self { group(write: write) { $0.section($1, write: write) } }

  private static func group(write: String?, _ find: @escaping @Sendable (Section, String) -> Section?) -> Self {
    let keys = Value.keys
    return Form(
      type: "a group", read: { section, key, _, _ in find(section, key).map { Value.read($0, keys) } },
      print: { [("", .keys($0.nodes($1)))] }, inner: Value.rows, mark: ".",
      adopt: { $0.adopt($1) }, differences: { $0.differences(from: $1, $2) })
  }
}

extension KeyGroup {
  /// Groups of keys in a list.
  static func list(_ maximum: Int, printsEmpty: Bool = false) -> Form<[Self]> {
    let keys = keys
    return Form(
      type: "a list of at most \(maximum)",
      read: { section, key, _, _ in
        section.sections(key, maximum: maximum)?.map { read($0, keys) }
      },
      print: { entries, printer in
        entries.isEmpty && !printsEmpty ? [] : [("", .list(entries.map { .keys($0.nodes(printer)) }))]
      }, inner: rows, mark: "[].")
  }
}
