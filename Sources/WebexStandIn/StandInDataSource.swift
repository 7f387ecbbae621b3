import HTTPServing
import JSONText
import TokenVerification

/// A registered data source.
public struct StandInDataSource: Sendable, Hashable, Codable {
  /// What the owner says of it, all of it with every change.
  public struct Registration: Sendable, Hashable, Codable {
    /// The schema that is spoken.
    public var schemaID: String
    /// Where Webex calls.
    public var url: String
    /// The tokens' `aud`.
    public var audience: String
    /// The tokens' `sub`.
    public var subject: String
    /// The tokens' `jti`.
    public var nonce: String
    /// How long the tokens live.
    public var tokenLifetimeMinutes: Int64
    /// `active` or `disabled`.
    public var status = "active"
    /// Shown to the customer's administrators while it is disabled.
    public var errorMessage: String?
  }

  /// The id that the platform gave it.
  public var id: String
  /// Whose it is.
  public var organization: String
  /// When it was made, in seconds since 1970.
  public var createdAt: Int64
  /// What it is registered with.
  public var registration: Registration
  /// The token that Webex shows with every call.
  public var token: String
  /// When it ends, in seconds since 1970.
  public var tokenExpiry: Int64
  /// How the owner writes it; the answers are written so too. Nil as the current reference does.
  public var form: Form?

  /// Where documents differ.
  public struct Form: Sendable, Hashable, Codable {
    /// `tokenLifeMinutes` instead of `tokenLifetimeMinutes`.
    public var hasShortName: Bool
    /// The life as a text instead of a number.
    public var isText: Bool
    /// `schemaId` as a list of one.
    public var isList: Bool

    /// The form of a body.
    init(_ members: JSONObject) {
      hasShortName = members["tokenLifetimeMinutes"] == nil
      isText = (members["tokenLifetimeMinutes"] ?? members["tokenLifeMinutes"])?.string != nil
      isList = members["schemaId"]?.array != nil
    }
  }
}

extension StandInDataSource.Registration {
  static let maximumTextBytes = 512

  /// Reads a body, written as any document has it. Every field is needed.
  init(_ members: JSONObject, isNew: Bool) throws(StandInError) {
    func text(_ name: String) throws(StandInError) -> String {
      guard var value = members[name] else { throw .badRequest("\(name) is missing: every field is needed") }
      if name == "schemaId", let list = value.array, let only = list.first, list.count == 1 { value = only }
      guard let text = value.string, (1...Self.maximumTextBytes).contains(text.utf8.count) else {
        throw .badRequest("\(name) must be a text of 1 to \(Self.maximumTextBytes) bytes")
      }
      return text
    }
    schemaID = try text("schemaId")
    url = try text("url")
    audience = try text("audience")
    subject = try text("subject")
    nonce = try text("nonce")
    guard let value = members["tokenLifetimeMinutes"] ?? members["tokenLifeMinutes"] else {
      throw .badRequest("tokenLifetimeMinutes is missing: every field is needed")
    }
    var minutes: Int64?
    switch value {
    case .number(let number): minutes = number.wholeValue
    case .string(let text): minutes = Int64(text)
    default: break
    }
    guard let minutes, (1...1_440).contains(minutes) else {
      throw .badRequest("tokenLifetimeMinutes must be a whole number from 1 to 1440")
    }
    tokenLifetimeMinutes = minutes
    errorMessage = members["errorMessage"] == nil ? nil : try text("errorMessage")
    if isNew, members["status"] == nil { return }
    status = try text("status")
    guard ["active", "disabled"].contains(status) else { throw .badRequest("status must be active or disabled") }
    guard status == "active" || errorMessage != nil else {
      throw .badRequest("errorMessage is missing: a data source is disabled with one")
    }
  }
}

extension WebexPlatform {
  /// The schemas there are, by id.
  static let schemas: KeyValuePairs = [
    SchemaID.voiceVirtualAgent.rawValue: "VoiceVirtualAgent", SchemaID.audioForking.rawValue: "ConversationAudio",
    SchemaID.mediaIntelligence.rawValue: "MultiMedia",
    SchemaID.voiceVirtualAgentSocket.rawValue: "VoiceVirtualAgentWebSocket",
  ]

  /// `/dataSources/…`: `path` is what comes after.
  mutating func dataSources(
    _ path: [String], _ request: ServerRequest, _ now: Int64
  ) throws(StandInError) -> ServerResponse {
    let isReading = request.method == "GET"
    let organization = try authorize(
      request, scope: isReading ? StandInSettings.readScope : StandInSettings.writeScope, now)
    switch (request.method, path.count) {
    case ("GET", 0):
      let items = dataSources.filter { $0.organization == organization }.map { JSONValue.object(shown($0)) }
      return Self.json(200, JSONObject(["items": .array(items)]))
    case ("POST", 0): return try create(Self.members(request.body), organization, now)
    case ("GET", 1) where path[0] == "schemas":
      return Self.json(200, JSONObject(["items": .array(Self.schemas.map { .object(Self.schema($0.key, $0.value)) })]))
    case ("GET", 2) where path[0] == "schemas":
      guard let schema = Self.schemas.first(where: { $0.key == path[1] }) else {
        throw .notFound("there is no schema of this id")
      }
      return Self.json(200, Self.schema(schema.key, schema.value))
    case ("GET", 1): return Self.json(200, shown(dataSources[try index(path[0], organization)]))
    case ("PUT", 1): return try replace(try index(path[0], organization), try Self.members(request.body), now)
    case ("DELETE", 1):
      dataSources.remove(at: try index(path[0], organization))
      isChanged = true
      return ServerResponse(status: 204, contentType: "application/json", body: [])
    default: throw StandInError(status: 405, message: "\(request.method) is not allowed here")
    }
  }

  private mutating func create(
    _ members: JSONObject, _ organization: String, _ now: Int64
  ) throws(StandInError) -> ServerResponse {
    let registration = try StandInDataSource.Registration(members, isNew: true)
    try check(registration, organization, except: nil)
    guard dataSources.count < 1_000 else { throw .forbidden("there are as many data sources as there may be") }
    let (token, expiry) = try token(registration, organization, now)
    let source = StandInDataSource(
      id: Identifier.uuid(), organization: organization, createdAt: now, registration: registration, token: token,
      tokenExpiry: expiry, form: StandInDataSource.Form(members))
    dataSources.append(source)
    isChanged = true
    return Self.json(200, shown(source))
  }

  private mutating func replace(_ index: Int, _ members: JSONObject, _ now: Int64) throws(StandInError)
    -> ServerResponse
  {
    let registration = try StandInDataSource.Registration(members, isNew: false)
    let old = dataSources[index]
    try check(registration, old.organization, except: old.id)
    dataSources[index].registration = registration
    dataSources[index].form = StandInDataSource.Form(members)
    // The token says what was registered: it is the old one until something of that changes, the nonce as a rule.
    var comparable = registration
    comparable.status = old.registration.status
    comparable.errorMessage = old.registration.errorMessage
    if comparable != old.registration {
      (dataSources[index].token, dataSources[index].tokenExpiry) = try token(registration, old.organization, now)
    }
    isChanged = true
    return Self.json(200, shown(dataSources[index]))
  }

  private func index(_ id: String, _ organization: String) throws(StandInError) -> Int {
    guard let index = dataSources.firstIndex(where: { $0.id == id && $0.organization == organization }) else {
      throw .notFound("there is no data source of this id")
    }
    return index
  }

  private func check(
    _ registration: StandInDataSource.Registration, _ organization: String, except id: String?
  ) throws(StandInError) {
    guard Self.schemas.contains(where: { $0.key == registration.schemaID }) else {
      throw .badRequest("schemaId names no schema")
    }
    guard let host = Self.host(of: registration.url) else { throw .badRequest("url must be an https URL with a host") }
    let isAllowed = settings.domains.contains { domain in
      let domain = domain.lowercased()
      return host == domain || host.hasSuffix("." + domain)
    }
    guard isAllowed || settings.domains.isEmpty else {
      throw .forbidden("the domain of the url, \(host), is not registered with the Service App")
    }
    let isTaken = dataSources.contains {
      $0.id != id && $0.organization == organization && $0.registration.schemaID == registration.schemaID
        && $0.registration.url == registration.url
    }
    guard !isTaken else { throw .conflict("there is a data source of this schema and url already") }
  }

  /// The host of an absolute URL, in lower case. Plain http is taken too: whoever develops may have no certificate.
  static func host(of url: String) -> String? {
    let url = url.lowercased()
    for scheme in ["https://", "http://", "wss://", "ws://"] where url.hasPrefix(scheme) {
      let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
      guard !authority.contains("@") else { return nil }
      let host = authority.prefix { $0 != ":" }
      return host.isEmpty ? nil : String(host)
    }
    return nil
  }

  private func token(
    _ registration: StandInDataSource.Registration, _ organization: String, _ now: Int64
  ) throws(StandInError) -> (String, expiry: Int64) {
    let minutes = min(registration.tokenLifetimeMinutes, settings.longestTokenMinutes ?? .max)
    let expiry = now + minutes * 60
    let claims = JSONObject([
      "iss": .string(settings.issuer), "sub": .string(registration.subject), "aud": .string(registration.audience),
      "iat": .number(JSONNumber(now)), "exp": .number(JSONNumber(expiry)), "jti": .string(registration.nonce),
      TokenField.organization.rawValue: .string(organization), TokenField.url.rawValue: .string(registration.url),
      TokenField.schema.rawValue: .string(registration.schemaID),
    ])
    return (try mint(claims), expiry)
  }

  // MARK: What is shown

  private func shown(_ source: StandInDataSource) -> JSONObject {
    let registration = source.registration
    let minutes: JSONValue =
      source.form?.isText == true
      ? .string(String(registration.tokenLifetimeMinutes)) : .number(JSONNumber(registration.tokenLifetimeMinutes))
    let schema: JSONValue =
      source.form?.isList == true ? .array([.string(registration.schemaID)]) : .string(registration.schemaID)
    var members = JSONObject([
      "id": .string(source.id), "schemaId": schema, "orgId": .string(source.organization),
      "applicationId": .string(settings.applicationID), "url": .string(registration.url),
      "audience": .string(registration.audience), "subject": .string(registration.subject),
      "nonce": .string(registration.nonce),
      source.form?.hasShortName == true ? "tokenLifeMinutes" : "tokenLifetimeMinutes": minutes,
      "status": .string(registration.status), "jwsToken": .string(source.token),
      "tokenExpiryTime": .string(ISOTime.text(source.tokenExpiry)), "createdBy": .string(settings.applicationID),
      "createdAt": .string(ISOTime.text(source.createdAt)),
    ])
    if let message = registration.errorMessage { members["errorMessage"] = .string(message) }
    return members
  }

  private static func schema(_ id: String, _ service: String) -> JSONObject {
    JSONObject([
      "id": .string(id), "serviceType": .string(service),
      "protocol": .string(service.hasSuffix("WebSocket") ? "wss" : "grpc"), "createdAt": .string(ISOTime.text(0)),
    ])
  }
}
