/// Makes one node of a YAML text, within bounds: no aliases, anchors or tags, at most ``maximumDepth`` levels, one
/// document, keys that are text and occur once. What is wrong is collected; `nil` where nothing usable is left.
struct YAMLComposer {
  /// Levels of lists and groups within one another.
  static let maximumDepth = 32

  private enum Frame {
    case sequence([YAMLNode], YAMLPlace)
    case mapping(Mapping)
  }

  private struct Mapping {
    var members: [YAMLNode.Member] = []
    var lines: [String: Int] = [:]
    /// The key whose value comes next; `nil` where a key comes next.
    var key: Key?
    var place: YAMLPlace
  }

  private struct Key {
    /// `nil` where the key was refused.
    var text: String?
    var place: YAMLPlace
    var line: Int
  }

  private var stack: [Frame] = []
  private var root: YAMLNode?
  private var documents = 0
  private(set) var problems: [YAMLProblem] = []

  static func compose(_ bytes: [UInt8]) -> (root: YAMLNode?, problems: [YAMLProblem]) {
    var composer = YAMLComposer()
    composer.run(YAMLEvents(bytes))
    return (composer.root, composer.problems)
  }

  private mutating func run(_ events: YAMLEvents) {
    while true {
      let event: YAMLEvents.Event
      do {
        event = try events.next()
      } catch {
        root = nil
        let place = YAMLPlace(line: error.line, column: error.column)
        // libYAML reads ahead, and has a limit of its own.
        guard !error.text.contains("nesting level") else { return tooDeep(place) }
        problems.append(
          .init(
            place, "this is not YAML: \(error.text)",
            error.text.contains("cannot start any token")
              ? "indent with spaces, and put text that begins with a special character in quotes" : nil))
        return
      }
      if case .streamEnd = event.kind { return }
      guard compose(event) else { return }
    }
  }

  /// Takes an event; `false` ends the reading.
  private mutating func compose(_ event: YAMLEvents.Event) -> Bool {
    let place = YAMLPlace(line: event.line, column: event.column)
    if event.hasAnchor {
      problems.append(.init(place, "anchors (&name) are not taken", "write the value out where it is used"))
    }
    if event.hasTag { problems.append(.init(place, "tags (!name) are not taken", "remove the tag")) }
    switch event.kind {
    case .documentStart:
      documents += 1
      if documents > 1 {
        problems.append(.init(place, "a second document begins here", "keep one document, without a further ---"))
        return false
      }
    case .alias:
      problems.append(.init(place, "aliases (*name) are not taken", "write the value out, or put text in quotes"))
      add(YAMLNode(.scalar("", isPlain: true), at: place), line: event.line)
    case .scalar(let text, let isPlain):
      add(YAMLNode(.scalar(text, isPlain: isPlain), at: place), line: event.line)
    case .sequenceStart, .mappingStart:
      guard stack.count < Self.maximumDepth else {
        tooDeep(place)
        return false
      }
      if case .sequenceStart = event.kind {
        stack.append(.sequence([], place))
      } else {
        stack.append(.mapping(Mapping(place: place)))
      }
    case .collectionEnd:
      switch stack.popLast() {
      case .sequence(let items, let start): add(YAMLNode(.sequence(items), at: start), line: event.line)
      case .mapping(let mapping):
        add(YAMLNode(.mapping(mapping.members), at: mapping.place), line: event.line)
      case nil: break
      }
    case .streamEnd, .other: break
    }
    return true
  }

  private mutating func tooDeep(_ place: YAMLPlace) {
    problems.append(.init(place, "more than \(Self.maximumDepth) levels within one another", "nest less"))
    root = nil
  }

  private mutating func add(_ node: YAMLNode, line: Int) {
    switch stack.popLast() {
    case nil: if root == nil { root = node }
    case .sequence(var items, let place):
      items.append(node)
      stack.append(.sequence(items, place))
    case .mapping(var mapping):
      if let key = mapping.key {
        mapping.key = nil
        if let text = key.text { mapping.members.append(.init(key: text, keyPlace: key.place, value: node)) }
      } else {
        mapping.key = key(node, line: line, in: &mapping)
      }
      stack.append(.mapping(mapping))
    }
  }

  private mutating func key(_ node: YAMLNode, line: Int, in mapping: inout Mapping) -> Key {
    guard case .scalar(let text, _) = node.content, !text.isEmpty else {
      problems.append(.init(node.place, "a key has to be a word, this is \(node.kind)", "write a key before the colon"))
      return Key(text: nil, place: node.place, line: line)
    }
    if let first = mapping.lines[text] {
      problems.append(
        .init(node.place, "`\(text.quotedForMessage)` is given already in line \(first)", "keep one of the two"))
      return Key(text: nil, place: node.place, line: line)
    }
    mapping.lines[text] = line
    return Key(text: text, place: node.place, line: line)
  }
}

extension YAMLNode {
  /// Levels of lists and groups within one another that are read.
  public static let maximumDepth = YAMLComposer.maximumDepth

  /// Reads a UTF-8 text of one document. Anchors, aliases and tags are refused, as are more than ``maximumDepth`` levels
  /// and keys that are no text, empty or given twice. What is wrong is collected; the root is `nil` where nothing usable
  /// is left or the text is empty.
  public static func compose(_ bytes: [UInt8]) -> (root: YAMLNode?, problems: [YAMLProblem]) {
    YAMLComposer.compose(bytes)
  }
}
