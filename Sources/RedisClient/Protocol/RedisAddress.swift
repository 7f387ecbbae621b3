public import Basics

/// Where a Redis server is: a URL `redis://` or `rediss://` (TLS), then `USER@HOST:PORT/DATABASE`, of which all but the
/// host may be left out.
public struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
  /// Whether the connection is made over TLS.
  public let isSecure: Bool
  /// The user, where the server has several.
  public let user: String?
  /// A name or an address; an IPv6 address without its brackets.
  public let host: String
  /// The port; 6379 where the URL names none.
  public let port: Int
  /// The number of the database.
  public let database: Int

  /// The longest URL taken, in bytes.
  public static let maximumBytes = 1_024

  /// Reads a URL.
  public init(_ url: String) throws(RedisAddressError) {
    guard url.utf8.count <= Self.maximumBytes, url.isVisibleASCII else {
      throw RedisAddressError("has characters that a URL must escape, or is over \(Self.maximumBytes) bytes")
    }
    guard let colon = url.firstRange(of: "://") else { throw RedisAddressError("is no URL: write redis://HOST:PORT") }
    switch url[..<colon.lowerBound].lowercased() {
    case "redis": isSecure = false
    case "rediss": isSecure = true
    default: throw RedisAddressError("is neither redis:// nor rediss://")
    }
    let rest = url[colon.upperBound...]
    guard !rest.contains("?"), !rest.contains("#") else { throw RedisAddressError("has a query: leave it out") }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    var authority = rest[..<slash]
    if let at = authority.lastIndex(of: "@") {
      let name = authority[..<at]
      guard !name.contains(":") else {
        throw RedisAddressError("has a password: leave it out, and name a file that holds it")
      }
      user = name.isEmpty ? nil : String(name)
      authority = authority[authority.index(after: at)...]
    } else {
      user = nil
    }
    do throws(NetworkAddress.FormatError) {
      let parts = try NetworkAddress.parts(of: authority)
      (host, port) = (parts.host, Int(parts.port ?? 6379))
    } catch { throw RedisAddressError(error.description) }
    database = try Self.database(rest[slash...].dropFirst())
  }

  private static func database(_ text: Substring) throws(RedisAddressError) -> Int {
    if text.isEmpty { return 0 }
    guard let number = UInt16(text) else { throw RedisAddressError("has a database that is not from 0 to 65535") }
    return Int(number)
  }

  /// `HOST:PORT`, for people.
  public var place: String { "\(NetworkAddress.written(host)):\(port)" }

  /// The URL.
  public var description: String {
    let start = "\(isSecure ? "rediss" : "redis")://\(user.map { $0 + "@" } ?? "")\(place)"
    return database == 0 ? start : "\(start)/\(database)"
  }
}

/// What is wrong with the URL of a Redis server: a clause whose subject is the URL.
public typealias RedisAddressError = TextError<RedisAddress>
