public import BotEngine
import BotEngines
import Synchronization
import YAMLReading

extension Configuration {
  private struct OwnKind: Sendable {
    var required: [String]
    var optional: [String]
    var make: @Sendable ([String: String]) throws -> any BotEngine
  }

  private static let ownKinds = Mutex<[String: OwnKind]>([:])

  /// Makes a kind of engine that a program brings itself known to all readings that follow; a program does so when it
  /// starts. A kind of the same name is replaced. A built-in kind's name cannot be used.
  ///
  /// - Parameters:
  ///   - kind: the name for `kind`.
  ///   - required: keys that have to be given; all values are texts.
  ///   - optional: keys that may be given.
  ///   - make: makes the engine of an agent, of the values of the keys.
  public static func register(
    engine kind: String, required: [String], optional: [String],
    make: @escaping @Sendable (_ settings: [String: String]) throws -> any BotEngine
  ) {
    precondition(!EngineSpecification.builtInKinds.contains(kind), "the engine kind \(kind) is built in")
    ownKinds.withLock { $0[kind] = OwnKind(required: required, optional: optional, make: make) }
  }

  /// The engine of such a kind. What its maker throws is told as a mistake of the configuration.
  public static func makeOwnEngine(_ kind: String, _ settings: [String: String], agent: String) throws -> any BotEngine
  {
    guard let own = ownKinds.withLock({ $0[kind] }) else {
      throw EngineError(.notBuiltIn, "The engine \(kind) is not part of this program.")
    }
    do { return try own.make(settings) } catch {
      throw EngineError(.unusable, "The agent \(agent) cannot have its engine \(kind): \(error)", cause: error)
    }
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
