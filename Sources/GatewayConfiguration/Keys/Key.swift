import Yams

/// A group of keys, described once: what reads it, prints it, compares it and documents it follows from ``keys``.
protocol KeyGroup: Sendable, Equatable {
  /// Every key with its default.
  init()

  /// The keys, in the order in which they are read and printed.
  @KeyList<Self> static var keys: [Key<Self>] { get }

  /// Rules about several keys, once all are read; and values that follow from others.
  mutating func check(_ section: Section)
}

extension KeyGroup {
  mutating func check(_ section: Section) {}

  /// Reads the whole group; what is wrong is reported, and has its default.
  static func read(_ section: Section, _ keys: [Key<Self>] = Self.keys) -> Self {
    var group = Self()
    for key in keys { key.read(section, &group) }
    section.finish()
    group.check(section)
    return group
  }

  func nodes(_ printer: Printer) -> [(String, Node)] { Self.keys.flatMap { $0.print(self, printer) } }

  static func rows(_ place: Reference.Place) -> [Reference.Row] { keys.flatMap { $0.rows(place) } }

  /// Takes from another what can change while the server runs.
  mutating func adopt(_ new: Self) {
    for key in Self.keys { key.adopt(&self, new) }
  }

  /// The keys that differ, by their whole names.
  func differences(from new: Self, _ prefix: String = "") -> [KeyDifference] {
    Self.keys.flatMap { $0.differences(self, new, prefix) }
  }
}

/// A key whose value is another.
struct KeyDifference: Sendable {
  var name: String
  /// Whether the new value takes effect without a restart.
  var isLive: Bool
}

/// Where a key's value is kept.
typealias Path<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

/// A key of a group.
struct Key<Root>: Sendable {
  let read: @Sendable (Section, inout Root) -> Void
  let print: @Sendable (Root, Printer) -> [(String, Node)]
  let rows: @Sendable (Reference.Place) -> [Reference.Row]
  let adopt: @Sendable (inout Root, Root) -> Void
  var differences: @Sendable (_ old: Root, _ new: Root, _ prefix: String) -> [KeyDifference]
}

extension Key where Root: KeyGroup {
  /// - Parameters:
  ///   - form: how its value is written.
  ///   - help: what it means, for the reference; the first part of it is what to write, for messages.
  ///   - required: whether it has to be there.
  ///   - hidden: the value that is not printed.
  ///   - standard: the default as the reference tells it, where the value does not say it.
  ///   - isLive: whether a change takes effect without a restart.
  ///   - asOne: whether what needs a restart in the group is told as the group's name.
  init<Value>(
    _ name: String, _ path: Path<Root, Value>, _ form: Form<Value>, _ help: String,
    required: Required = .no, hides hidden: Value? = nil, standard: String? = nil, isLive: Bool = false,
    asOne: Bool = false
  ) {
    let phrase = help.phrase
    read = { section, root in
      if let write = required.write(phrase) { section.require(name, write: write) }
      if let value = form.read(section, name, root[keyPath: path], phrase) { root[keyPath: path] = value }
    }
    print = { root, printer in
      let value = root[keyPath: path]
      return value == hidden ? [] : form.print(value, printer).map { (name + $0.suffix, $0.node) }
    }
    rows = { place in
      form.rows(
        name, place.changing(isLive), help,
        required.write("") == nil
          ? standard ?? Reference.text(form.print(Root()[keyPath: path], Printer())) : "required")
    }
    adopt = { root, new in
      if isLive {
        root[keyPath: path] = new[keyPath: path]
      } else {
        form.adopt?(&root[keyPath: path], new[keyPath: path])
      }
    }
    differences = { old, new, prefix in
      let (old, new) = (old[keyPath: path], new[keyPath: path])
      guard old != new else { return [] }
      guard !isLive, let inner = form.differences else { return [.init(name: prefix + name, isLive: isLive)] }
      let found = inner(old, new, prefix + name + ".")
      guard asOne, found.contains(where: { !$0.isLive }) else { return found }
      return found.filter(\.isLive) + [.init(name: prefix + name, isLive: false)]
    }
  }

  /// A key that may be left out.
  init<Value>(
    _ name: String, _ path: Path<Root, Value?>, _ form: Form<Value>, _ help: String,
    required: Required = .no, standard: String? = nil, isLive: Bool = false, asOne: Bool = false
  ) {
    self.init(
      name, path, form.optional, help, required: required, standard: standard, isLive: isLive, asOne: asOne)
  }

  /// A key that is another way to write one that is printed.
  init<Value>(
    instead name: String, _ form: Form<Value>, _ help: String,
    _ use: @escaping @Sendable (inout Root, Value, Section) -> Void
  ) {
    read = { section, root in
      if let value = form.read(section, name, nil, help.phrase) { use(&root, value, section) }
    }
    print = { _, _ in [] }
    rows = { form.rows(name, $0, help, "") }
    adopt = { _, _ in }
    differences = { _, _, _ in [] }
  }
}

extension Key {
  /// The same for a value that follows from others: it changes only with them.
  var derived: Self {
    var key = self
    key.differences = { _, _, _ in [] }
    return key
  }

  /// Keys of the same value beneath a name of their own.
  init(
    part name: String, _ help: String, write: String? = nil, isLive: Bool = false,
    @KeyList<Root> _ keys: () -> [Key<Root>]
  ) {
    let keys = keys()
    read = { section, root in
      let part = section.always(name, write: write)
      for key in keys { key.read(part, &root) }
      part.finish()
    }
    print = { root, printer in
      let nodes = keys.flatMap { $0.print(root, printer) }
      return nodes.isEmpty ? [] : [(name, .keys(nodes))]
    }
    rows = { place in
      let place = place.changing(isLive)
      return [place.row(name, "a group", "", help, isGroup: true)] + keys.flatMap { $0.rows(place.beneath(name + ".")) }
    }
    adopt = { root, new in for key in keys { key.adopt(&root, new) } }
    differences = { old, new, prefix in
      let found = keys.flatMap { $0.differences(old, new, prefix + name + ".") }
      return isLive && !found.isEmpty ? [.init(name: prefix + name, isLive: true)] : found
    }
  }

  /// The same key of a part of a greater whole; where a condition is given, only where it holds.
  func of<Whole>(
    _ path: Path<Whole, Root>, when condition: @escaping @Sendable (Whole) -> Bool = { _ in true }
  ) -> Key<Whole> {
    Key<Whole>(
      read: { if condition($1) { read($0, &$1[keyPath: path]) } },
      print: { condition($0) ? print($0[keyPath: path], $1) : [] }, rows: rows,
      adopt: { adopt(&$0[keyPath: path], $1[keyPath: path]) },
      differences: { differences($0[keyPath: path], $1[keyPath: path], $2) })
  }
}

/// Whether a key has to be there.
enum Required {
  case no
  case yes
  /// With what is written in most cases.
  case example(String)

  /// What to write where it is missing.
  fileprivate func write(_ phrase: String) -> String? {
    switch self {
    case .no: nil
    case .yes: phrase
    case .example(let text): text
    }
  }
}

extension String {
  /// The first part of a sentence, as it stands within another.
  fileprivate var phrase: String {
    let end = [". ", "; ", ": "].compactMap { firstRange(of: $0)?.lowerBound }.min()
    let first = self[..<(end ?? (hasSuffix(".") ? index(before: endIndex) : endIndex))]
    return first.prefix(1).lowercased() + first.dropFirst()
  }
}

/// Lists of keys, each a statement of its own.
@resultBuilder
enum KeyList<Root> {
  static func buildExpression(_ key: Key<Root>) -> [Key<Root>] { [key] }
  static func buildExpression(_ keys: [Key<Root>]) -> [Key<Root>] { keys }
  static func buildBlock(_ keys: [Key<Root>]...) -> [Key<Root>] { keys.flatMap(\.self) }
}
