/// What a stand-in for Webex stands for: one Service App, the organizations that have authorized it, and the rules that
/// the platform may apply one way or another.
public struct StandInSettings: Sendable, Hashable {
  /// The scope for reading data sources.
  public static let readScope = "spark-admin:datasource_read"
  /// The scope for changing data sources.
  public static let writeScope = "spark-admin:datasource_write"

  /// When a refresh token ends that has been answered with a new one.
  public enum RefreshRotation: String, Sendable, Hashable, CaseIterable {
    /// The same refresh token serves until it expires.
    case never
    /// The old one ends when the new one, or the access token that came with it, is used for the first time: an answer
    /// that was lost on its way costs nothing.
    case onUse = "on-use"
    /// The old one ends at once.
    case atOnce = "at-once"
  }

  /// The `iss` of the data sources' tokens.
  public var issuer: String
  /// The organizations whose administrators have authorized the Service App.
  public var organizations: [String]
  /// The Service App.
  public var applicationID = "stand-in-application"
  /// The Service App's client id.
  public var clientID = "stand-in-client"
  /// The Service App's client secret. Whoever can reach the stand-in may know it.
  public var clientSecret = "stand-in-secret"
  /// What the Service App may do.
  public var scopes: Set<String> = [readScope, writeScope]
  /// The domains registered with the Service App; URLs must lie in one of them or below. Empty: any domain.
  public var domains: [String] = []
  /// How long an access token serves, in seconds.
  public var accessTokenLifetime: Int64 = 14 * 86_400
  /// How long a refresh token serves, in seconds.
  public var refreshTokenLifetime: Int64 = 90 * 86_400
  /// What becomes of a refresh token that was used.
  public var refreshRotation = RefreshRotation.onUse
  /// The longest life of a token, in minutes, whatever is asked for; nil grants what is asked for.
  public var longestTokenMinutes: Int64?
  /// The data source's URL where a token is asked for without one.
  public var url: String?
  /// For how long the key set may be kept, in seconds: its `Cache-Control`.
  public var keySetLifetime = 21_600

  /// The settings of an ordinary Service App.
  public init(issuer: String, organizations: [String]) {
    self.issuer = issuer
    self.organizations = organizations
  }
}
