public import JSONText

/// What is sent when a data source is registered or replaced: every field, each time (Wire 10).
public struct DataSourceFields: Sendable, Hashable {
  /// Whether Webex calls the data source.
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case active
    case disabled
  }

  /// How long a token may live, in minutes.
  public static let lifetimes = 1...1_440

  /// The UUID of the schema that is spoken.
  public var schemaID: String
  /// The URL that Webex calls.
  public var url: String
  /// The tokens' `aud`.
  public var audience: String
  /// The tokens' `sub`.
  public var subject: String
  /// The tokens' `jti`; a new one mints a new token.
  public var nonce: String
  /// The tokens' life in minutes, 1 to 1,440.
  public var lifetimeMinutes: Int
  /// Whether Webex calls.
  public var status = Status.active
  /// Why not, if it is disabled.
  public var errorMessage: String?
}

extension DataSourceFields {
  /// The fields of a data source as it is, with another nonce.
  public init(_ source: DataSource, nonce: String) {
    self.init(
      schemaID: source.schemaID, url: source.url, audience: source.audience ?? "", subject: source.subject ?? "",
      nonce: nonce, lifetimeMinutes: source.lifetimeMinutes ?? Self.lifetimes.upperBound,
      status: source.isActive ? .active : .disabled, errorMessage: source.isActive ? nil : source.errorMessage)
  }
}

/// A registered data source as Webex tells of it. Its token is not kept: only what the token says of itself.
public struct DataSource: Sendable, Hashable {
  /// Webex's id of it.
  public var id: String
  /// The UUID of the schema that is spoken.
  public var schemaID: String
  /// The URL that Webex calls.
  public var url: String
  /// The tokens' `aud`.
  public var audience: String?
  /// The tokens' `sub`.
  public var subject: String?
  /// The tokens' `jti`: as told, or as the token itself carries it.
  public var nonce: String?
  /// The tokens' life in minutes.
  public var lifetimeMinutes: Int?
  /// `active` or `disabled`; anything else that Webex may come to say is kept as it is.
  public var status: String?
  /// Why it is disabled.
  public var errorMessage: String?
  /// The organization it belongs to.
  public var organization: String?
  /// The Service App that registered it.
  public var applicationID: String?
  /// When the token ends, in seconds since 1970: as told, or as the token itself says.
  public var expiry: Int64?
  /// Who registered it.
  public var createdBy: String?
  /// When, in seconds since 1970.
  public var createdAt: Int64?
  /// When the token was made, in seconds since 1970, as it says itself.
  public var issuedAt: Int64?
  /// The token's claims, not verified; nil where no token is told.
  public var claims: JSONObject?

  /// Whether Webex calls it.
  public var isActive: Bool { status == DataSourceFields.Status.active.rawValue }
}

/// A schema that data sources can be registered for.
public struct DataSourceSchema: Sendable, Hashable {
  /// Its UUID.
  public var id: String
  /// The service that is spoken, such as `VoiceVirtualAgent`; empty where it is not told.
  public var service: String
  /// How, such as `grpc`; empty where it is not told.
  public var transport: String
}
