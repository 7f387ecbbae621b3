import Synchronization

extension Configuration {
  /// A kind of engine that a program brings besides the built-in ones: what `kind` names it, and the keys it has.
  public struct OwnEngineKind: Sendable, Equatable {
    /// The name for `kind`.
    public var name: String
    /// Keys that have to be given.
    public var required: [String]
    /// Keys that may be given.
    public var optional: [String]

    /// A kind with its keys. All values are texts.
    public init(name: String, required: [String] = [], optional: [String] = []) {
      self.name = name
      self.required = required
      self.optional = optional
    }
  }

  private static let registered = Mutex<[String: OwnEngineKind]>([:])

  /// Makes a kind known to all readings that follow; a program does so when it starts. A kind of the same name is
  /// replaced. A built-in kind's name cannot be taken.
  public static func register(_ kind: OwnEngineKind) {
    precondition(!Agent.Engine.builtInKinds.contains(kind.name), "the engine kind \(kind.name) is built in")
    registered.withLock { $0[kind.name] = kind }
  }

  static func ownEngineKind(_ name: String) -> OwnEngineKind? { registered.withLock { $0[name] } }

  static var ownEngineKinds: [String] { registered.withLock { $0.keys.sorted() } }
}

extension Configuration.Agent {
  /// An engine of a kind that the program brings itself.
  public struct OwnBot: Sendable, Equatable {
    /// ``Configuration/OwnEngineKind/name``.
    public var kind: String
    /// The values of its keys. May be secrets: never log them.
    public var settings: [String: String]
  }
}

extension Configuration.Agent.OwnBot {
  init(_ section: Section, kind: Configuration.OwnEngineKind) {
    self.kind = kind.name
    settings = [:]
    for key in kind.required { settings[key] = section.requiredText(key, maximum: 4_096, write: "a text") }
    for key in kind.optional { settings[key] = section.text(key, maximum: 4_096, write: "a text") }
  }
}
