public import BotEngine
import GatewayConfiguration

/// A kind of bot engine that a program brings besides the built-in ones.
///
/// ```swift
/// await PatchbayCommand.main(engines: [
///   OwnEngine(kind: "parrot", optional: ["greeting"]) { Parrot(greeting: $0["greeting"] ?? "Say something.") }
/// ])
/// ```
///
/// In the configuration: `engine: {kind: parrot, greeting: What shall I say?}`. A key that is not listed is an error with
/// its line, as everywhere.
public struct OwnEngine: Sendable {
  /// The name for `kind`: not a built-in one's.
  public let kind: String
  /// Keys beside `kind` that have to be given.
  public let required: [String]
  /// Keys that may be given.
  public let optional: [String]
  /// Makes the engine of an agent, of the values of the keys. What it throws is shown as a mistake of the configuration.
  public let make: @Sendable (_ settings: [String: String]) throws -> any BotEngine

  /// A kind of engine.
  public init(
    kind: String, required: [String] = [], optional: [String] = [],
    make: @escaping @Sendable (_ settings: [String: String]) throws -> any BotEngine
  ) {
    self.kind = kind
    self.required = required
    self.optional = optional
    self.make = make
  }

  /// Makes the kind known to the configuration and to everything that reads it from now on.
  func register() { Configuration.register(engine: kind, required: required, optional: optional, make: make) }
}
