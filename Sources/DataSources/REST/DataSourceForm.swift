/// How the data source interface is written where documents of it differ. Answers are read in any of these forms.
public struct DataSourceForm: Sendable, Hashable {
  /// The path's spelling.
  public enum Path: String, Sendable, Hashable, CaseIterable {
    case dataSources
    case datasources
  }

  /// How `schemaId` is written.
  public enum Schema: String, Sendable, Hashable, CaseIterable {
    case text
    /// A list of one.
    case list
  }

  /// What the tokens' life in minutes is called.
  public enum Lifetime: String, Sendable, Hashable, CaseIterable {
    case tokenLifetimeMinutes
    case tokenLifeMinutes
  }

  /// How the tokens' life is written.
  public enum Number: String, Sendable, Hashable, CaseIterable {
    case number
    case text
  }

  /// The path's spelling.
  public var path: Path
  /// How `schemaId` is written.
  public var schema: Schema
  /// What the tokens' life in minutes is called.
  public var lifetime: Lifetime
  /// How the tokens' life is written.
  public var number: Number

  /// A form; without arguments that of Webex's current reference.
  public init(
    path: Path = .dataSources, schema: Schema = .text, lifetime: Lifetime = .tokenLifetimeMinutes,
    number: Number = .number
  ) {
    self.path = path
    self.schema = schema
    self.lifetime = lifetime
    self.number = number
  }
}
