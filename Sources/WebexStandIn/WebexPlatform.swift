import Basics
public import HTTPServing
import JSONText
public import TokenVerification

/// A stand-in for the parts of Webex that a server talks to: its data sources over REST, the OAuth tokens of a Service
/// App, and the key set of the issuer of data source tokens (Wire 9 and 10).
///
/// A value: a request and the time of day in, an answer out. ``StandInServer`` puts it on a port.
///
/// | path | |
/// | --- | --- |
/// | `/dataSources…` (or `/datasources…`), `/access_token`, `/applications/{id}/token` | the REST calls, with or without `/v1` before |
/// | `/idb/oauth2/v2/keys/verificationjwk` | the key set |
/// | `/stand-in/…` | what Webex does not have: minting, rotating, faults, counters |
public struct WebexPlatform: Sendable {
  /// Where the key set is.
  public static let keySetPath = "/idb/oauth2/v2/keys/verificationjwk"
  /// The most faults at once.
  static let maximumFaults = 64

  /// The rules.
  public var settings: StandInSettings
  /// The keys that are published, the one that signs last.
  public internal(set) var keys: [DevelopmentIssuer]
  /// The data sources, in the order of their creation.
  public internal(set) var dataSources: [StandInDataSource] = []
  /// How many requests came, by method and path, ids left out.
  public internal(set) var requests: [String: Int] = [:]
  /// What goes wrong.
  public var faults: [StandInFault] = []

  var grants: [StandInGrant] = []
  /// Whether something changed that ``StandInStore`` keeps.
  var isChanged = false

  /// A platform with a signing key of its own and no data source.
  public init(_ settings: StandInSettings) throws(DevelopmentIssuer.SigningKeyError) {
    self.init(settings, keys: [try DevelopmentIssuer(issuer: settings.issuer)])
  }

  init(_ settings: StandInSettings, keys: [DevelopmentIssuer]) {
    self.settings = settings
    self.keys = keys
  }

  /// Answers a request at `now`, in seconds since 1970.
  public mutating func respond(to request: ServerRequest, now: Int64) -> ServerResponse {
    var path = request.path.hasPrefix("/v1/") ? String(request.path.dropFirst(3)) : request.path
    // Documents spell it both ways.
    let other = "/datasources"
    if path == other || path.hasPrefix(other + "/") { path = "/dataSources" + path.dropFirst(other.count) }
    guard !path.hasPrefix("/stand-in") else {
      return Self.answer { () throws(StandInError) in try control(path, request, now) }
    }
    count(request.method, path)
    var kind: StandInFault.Kind?
    for index in faults.indices where faults[index].strikes(request.method, path) {
      kind = faults[index].kind
      break
    }
    faults.removeAll { $0.times == 0 }
    switch kind {
    case .status(let status, let retryAfter):
      var response = Self.refusal(StandInError(status: status, message: "a fault that was asked for"))
      if let retryAfter { response.fields.append(("Retry-After", String(retryAfter))) }
      return response
    case .garbage:
      return ServerResponse(status: 200, contentType: "text/html", body: Array("<html>\u{0}{{{ not JSON".utf8))
    case .hang:
      return ServerResponse(status: 200, contentType: "text/plain", body: [], delay: .seconds(60), isDropped: true)
    case .closed: return ServerResponse(status: 200, contentType: "text/plain", body: [], isDropped: true)
    case .slow, .lost, nil: break
    }
    var response = Self.answer { () throws(StandInError) in try serve(path, request, now) }
    if case .slow(let delay) = kind { response.delay = delay }
    if kind == .lost { response.isDropped = true }
    return response
  }

  private mutating func serve(_ path: String, _ request: ServerRequest, _ now: Int64) throws(StandInError)
    -> ServerResponse
  {
    if path == Self.keySetPath { return keySet(request) }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    switch (request.method, parts.first, parts.count) {
    case ("POST", "access_token", 1): return try refreshedToken(form: request.body, now)
    case ("POST", "applications", 3) where parts[2] == "token":
      return try applicationToken(parts[1], request.body, now)
    case (_, "dataSources", 1...): return try dataSources(Array(parts.dropFirst()), request, now)
    default: throw .notFound("there is no \(request.method) \(path) here")
    }
  }

  private static func answer(_ make: () throws(StandInError) -> ServerResponse) -> ServerResponse {
    do throws(StandInError) { return try make() } catch { return refusal(error) }
  }

  private mutating func count(_ method: String, _ path: String) {
    let parts = path.split(separator: "/").map(String.init)
    let name: String =
      switch (parts.first, parts.count) {
      case ("dataSources", 1): "/dataSources"
      case ("dataSources", 2) where parts[1] == "schemas": "/dataSources/schemas"
      case ("dataSources", 2): "/dataSources/{id}"
      case ("dataSources", 3): "/dataSources/schemas/{id}"
      case ("applications", 3): "/applications/{id}/token"
      case ("access_token", 1): "/access_token"
      default: path == Self.keySetPath ? path : "other"
      }
    requests["\(method) \(name)", default: 0] += 1
  }

  // MARK: Answers

  static func json(_ status: Int, _ members: JSONObject) -> ServerResponse {
    ServerResponse(status: status, contentType: "application/json", body: Array(JSONValue.object(members).text.utf8))
  }

  /// An error as Webex tells one.
  static func refusal(_ error: StandInError) -> ServerResponse {
    let description = JSONValue.object(JSONObject(["description": .string(error.message)]))
    return json(
      error.status,
      JSONObject([
        "message": .string(error.message), "errors": .array([description]),
        "trackingId": .string("STANDIN_\(Identifier.uuid())"),
      ]))
  }

  /// The members of a body that must be a JSON object.
  static func members(_ body: [UInt8]) throws(StandInError) -> JSONObject {
    guard let value = try? JSONValue(parsing: body), let members = value.object else {
      throw .badRequest("the body must be a JSON object")
    }
    return members
  }
}

/// Names that are not to be guessed.
enum Identifier {
  static func uuid() -> String {
    var random = SystemRandomNumberGenerator()
    return random.uuid()
  }

  /// A random text for a secret.
  static func secret() -> String { Base64URL.encode((0..<32).map { _ in UInt8.random(in: 0...255) }) }
}
