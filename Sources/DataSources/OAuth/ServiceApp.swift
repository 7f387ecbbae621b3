/// The Service App that data sources are registered with, and its secret, read anew for each use.
public struct ServiceApp: Sendable {
  /// The app's client id. Throws where it was looked for, never what was found.
  public let clientID: @Sendable () throws -> String
  /// The app's client secret. Throws like ``clientID``.
  public let clientSecret: @Sendable () throws -> String
  /// The app's own id, which other organizations' tokens are asked for with.
  public let applicationID: String?

  /// An app.
  public init(
    clientID: @escaping @Sendable () throws -> String,
    clientSecret: @escaping @Sendable () throws -> String, applicationID: String? = nil
  ) {
    self.clientID = clientID
    self.clientSecret = clientSecret
    self.applicationID = applicationID
  }
}

/// An access token that a person got elsewhere, read anew for each use.
public struct GivenAccessToken: AccessTokenSource {
  private let read: @Sendable () throws -> String

  /// - Parameter read: gets the token, or throws where it was looked for.
  public init(_ read: @escaping @Sendable () throws -> String) { self.read = read }

  /// The token as it is now.
  public func accessToken() async throws(DataSourceError) -> String {
    let token: String
    do { token = try read() } catch { throw DataSourceError(call: "access token", .credentials("\(error)")) }
    guard OAuthGrant.isToken(token) else {
      throw DataSourceError(call: "access token", .credentials("the access token has other characters"))
    }
    return token
  }

  /// There is no other: the next use reads it again.
  public func refuse(_ token: String) async {}
}
