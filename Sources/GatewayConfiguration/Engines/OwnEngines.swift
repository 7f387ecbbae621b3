import BotEngines
import Synchronization
import YAMLReading

extension Configuration {
  private static let ownKinds = Mutex<[String: (required: [String], optional: [String])]>([:])

  /// Makes a kind of engine that a program brings itself known to all readings that follow; a program does so when it
  /// starts. A kind of the same name is replaced. A built-in kind's name cannot be used.
  ///
  /// - Parameters:
  ///   - kind: the name for `kind`.
  ///   - required: keys that have to be given; all values are texts.
  ///   - optional: keys that may be given.
  public static func register(engine kind: String, required: [String], optional: [String]) {
    precondition(!EngineSpecification.builtInKinds.contains(kind), "the engine kind \(kind) is built in")
    ownKinds.withLock { $0[kind] = (required, optional) }
  }

  static var ownEngineKinds: [String] { ownKinds.withLock { $0.keys.sorted() } }

  /// Reads the engine of such a kind; `nil` where there is none of the name.
  static func readOwnEngine(_ kind: String, _ section: Section) -> EngineSpecification? {
    guard let keys = ownKinds.withLock({ $0[kind] }) else { return nil }
    var settings: [String: String] = [:]
    for key in keys.required { settings[key] = section.requiredText(key, maximum: 4_096, write: "a text") }
    for key in keys.optional { settings[key] = section.text(key, maximum: 4_096, write: "a text") }
    section.finish()
    return .own(kind: kind, settings)
  }
}
