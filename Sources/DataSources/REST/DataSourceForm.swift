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
  public var path = Path.dataSources
  /// How `schemaId` is written.
  public var schema = Schema.text
  /// What the tokens' life in minutes is called.
  public var lifetime = Lifetime.tokenLifetimeMinutes
  /// How the tokens' life is written.
  public var number = Number.number

  /// The form of Webex's current reference.
  public init() {}
}
