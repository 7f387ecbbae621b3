/// The schemas that a server tells of itself: files by their names, and by what they declare.
struct FileDescriptors: Sendable {
  private struct File {
    var bytes: [UInt8]
    var imports: [String]
  }

  private var files: [String: File] = [:]
  private var declaring: [String: String] = [:]

  /// Reads serialized `FileDescriptorSet` messages. What is malformed is left out: they are our own, and tested.
  init(sets: [[UInt8]]) {
    for set in sets {
      var fields = MessageFields(set[...])
      while let (field, value) = try? fields.next() {
        if field == 1, case .bytes(let file) = value { add(Array(file)) }
      }
    }
  }

  /// The file of a name with all that it imports, itself first; `nil` where there is none.
  func file(_ name: String) -> [[UInt8]]? {
    guard files[name] != nil else { return nil }
    var order = [name]
    var next = 0
    while next < order.count {
      for imported in files[order[next]]?.imports ?? [] where !order.contains(imported) { order.append(imported) }
      next += 1
    }
    return order.compactMap { files[$0]?.bytes }
  }

  /// The file that declares a message, an enum, a service or a method, by its full name.
  func file(declaring symbol: String) -> [[UInt8]]? { declaring[symbol].flatMap { file($0) } }

  /// `google.protobuf.FileDescriptorProto`: 1 name, 2 package, 3 dependency, 4 messages, 5 enums, 6 services.
  private mutating func add(_ bytes: [UInt8]) {
    let fields = Self.texts(bytes[...])
    guard let name = fields.first(where: { $0.field == 1 })?.text else { return }
    files[name] = File(bytes: bytes, imports: fields.filter { $0.field == 3 }.map(\.text))
    let package = fields.first { $0.field == 2 }.map { $0.text + "." } ?? ""
    var all = MessageFields(bytes[...])
    while let (field, value) = try? all.next() {
      guard case .bytes(let body) = value else { continue }
      switch field {
      // DescriptorProto: 3 nested messages, 4 nested enums.
      case 4: declare(body, in: package, nested: [3: [3, 4], 4: []], file: name)
      case 5: declare(body, in: package, nested: [:], file: name)
      // ServiceDescriptorProto: 2 methods.
      case 6: declare(body, in: package, nested: [2: []], file: name)
      default: break
      }
    }
  }

  /// A declaration with those within it: `nested` says which of its fields are such, and which of theirs.
  private mutating func declare(
    _ body: ArraySlice<UInt8>, in scope: String, nested: [UInt64: [UInt64]], file: String
  ) {
    guard let name = Self.texts(body).first(where: { $0.field == 1 })?.text else { return }
    let full = scope + name
    // Two of Webex's schemas declare one name: the first file answers for it.
    if declaring[full] == nil { declaring[full] = file }
    var fields = MessageFields(body)
    while let (field, value) = try? fields.next() {
      guard let inner = nested[field], case .bytes(let body) = value else { continue }
      let further = Dictionary(uniqueKeysWithValues: inner.map { ($0, $0 == 3 ? [3, 4] as [UInt64] : []) })
      declare(body, in: full + ".", nested: further, file: file)
    }
  }

  private static func texts(_ bytes: ArraySlice<UInt8>) -> [(field: UInt64, text: String)] {
    var texts: [(UInt64, String)] = []
    var fields = MessageFields(bytes)
    while let (field, value) = try? fields.next() {
      if field <= 3, case .bytes(let body) = value { texts.append((field, String(decoding: body, as: UTF8.self))) }
    }
    return texts
  }
}
