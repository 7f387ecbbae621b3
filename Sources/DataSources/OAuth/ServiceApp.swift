/// The Service App that data sources are registered with, and its secret, read anew for each use.
public struct ServiceApp: Sendable {
  /// Why a secret cannot be had: where it was looked for, never what was found.
  public struct SecretFailure: Error, Sendable, Hashable {
    let text: String

    /// What is wrong.
    public init(_ text: String) { self.text = text }
  }

  /// The app's client id.
  public let clientID: @Sendable () throws(SecretFailure) -> String
  /// The app's client secret.
  public let clientSecret: @Sendable () throws(SecretFailure) -> String
  /// The app's own id, which other organizations' tokens are asked for with.
  public let applicationID: String?

  /// An app.
  public init(
    clientID: @escaping @Sendable () throws(SecretFailure) -> String,
    clientSecret: @escaping @Sendable () throws(SecretFailure) -> String, applicationID: String? = nil
  ) {
    self.clientID = clientID
    self.clientSecret = clientSecret
    self.applicationID = applicationID
  }
}

/// An access token that a person got elsewhere, read anew for each use.
public struct GivenAccessToken: AccessTokenSource {
  private let read: @Sendable () throws(ServiceApp.SecretFailure) -> String

  /// - Parameter read: gets the token.
  public init(_ read: @escaping @Sendable () throws(ServiceApp.SecretFailure) -> String) { self.read = read }

  /// The token as it is now.
  public func accessToken() async throws(DataSourceFailure) -> String {
    do throws(ServiceApp.SecretFailure) {
      let token = try read()
      guard OAuthGrant.isToken(token) else { throw ServiceApp.SecretFailure("the access token has other characters") }
      return token
    } catch { throw DataSourceFailure(call: "access token", .credentials(error.text)) }
  }

  /// There is no other: the next use reads it again.
  public func refuse(_ token: String) async {}
}
