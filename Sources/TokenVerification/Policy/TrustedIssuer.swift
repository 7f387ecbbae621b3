import HTTPFetching

/// An issuer whose tokens are taken, and where its keys are published.
public struct TrustedIssuer: Sendable, Hashable {
  /// The `iss` of its tokens, byte for byte.
  public let issuer: String
  /// Where its key set is: https, or http to the loopback interface.
  public let keysURL: String
  /// Whether the host of an https ``keysURL`` may have an address that the internet does not route (loopback, link-local,
  /// private). Off, so that a name that is made to point inwards leads nowhere.
  public let allowsPrivateAddresses: Bool

  /// An issuer. Without a `keysURL` the keys are where Webex's issuers publish theirs, below the issuer's own URL.
  public init(issuer: String, keysURL: String? = nil, allowsPrivateAddresses: Bool = false) throws(SettingError) {
    guard (1...TokenClaims.maximumTextBytes).contains(issuer.utf8.count) else { throw .issuer }
    let keysURL = keysURL ?? Self.defaultKeysURL(of: issuer)
    do throws(FetchURL.FormatError) { try FetchURL.check(keysURL) } catch {
      switch error {
      case .malformed: throw .malformedURL
      case .insecure: throw .insecureURL
      case .unwantedPart: throw .unwantedURLPart
      }
    }
    self.init(trusting: issuer, keysURL: keysURL, allowsPrivateAddresses: allowsPrivateAddresses)
  }

  private init(trusting issuer: String, keysURL: String, allowsPrivateAddresses: Bool = false) {
    self.issuer = issuer
    self.keysURL = keysURL
    self.allowsPrivateAddresses = allowsPrivateAddresses
  }

  /// The path of the key set below a Webex issuer, with or without a final slash of the issuer.
  public static func defaultKeysURL(of issuer: String) -> String {
    (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/oauth2/v2/keys/verificationjwk"
  }

  /// The issuers of Webex's production regions (Cisco, BYoDS token validation; the clusters of Cisco's BroadWorks guide).
  public static let webexProduction = issuers(on: [
    "idbroker", "idbroker-eu", "idbroker-b-us", "idbroker-ca", "idbroker-sg", "idbroker-in", "idbroker-ae",
    "idbroker-au",
  ])
  /// The issuers of Webex's test environments.
  public static let webexTest = issuers(on: ["idbrokerbts", "idbrokerbts-eu"])
  /// All issuers of Webex.
  public static let webex = webexProduction + webexTest

  private static func issuers(on hosts: [String]) -> [TrustedIssuer] {
    hosts.map { host in
      let issuer = "https://\(host).webex.com/idb"
      return TrustedIssuer(trusting: issuer, keysURL: defaultKeysURL(of: issuer))
    }
  }

  /// Why keys would never be fetched from there.
  public enum SettingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The issuer is empty or longer than a claim may be.
    case issuer
    /// The URL cannot be read, or has characters that a URL must escape.
    case malformedURL
    /// Neither https, nor http to the loopback interface.
    case insecureURL
    /// The URL has a user, a password or a fragment.
    case unwantedURLPart

    /// What is wrong and what to write.
    public var description: String {
      switch self {
      case .issuer:
        "issuer must have 1 to \(TokenClaims.maximumTextBytes) bytes, such as https://idbroker.webex.com/idb"
      case .malformedURL: "keys_url is not a URL; write one such as https://idbroker.webex.com/idb/keys"
      case .insecureURL: "keys_url must be https (http only to 127.0.0.1, [::1] or localhost)"
      case .unwantedURLPart: "keys_url must have no user, password or fragment"
      }
    }
  }
}
