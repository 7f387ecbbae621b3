import HTTPFetching
import HTTPServing
import Locking
import Logging
import TokenVerification
import WebexStandIn

@testable import DataSources

/// The stand-in for Webex, asked without a network, with a clock that stands still until it is moved.
final class Webex: RESTTransport {
  static let organization = "ce861fba-6e2f-49f9-9a84-b354008fac9e"
  static let url = "https://voice.example.com:443"
  static let schema = SchemaID.voiceVirtualAgent.rawValue
  static let baseURL = "http://127.0.0.1:1/v1"
  /// Making a key takes a tenth of a second: one for all.
  private static let template = Result {
    var settings = StandInSettings(issuer: "https://idbroker.webex.com/idb", organizations: [organization])
    settings.domains = ["example.com"]
    return try WebexPlatform(settings)
  }

  struct State: Sendable {
    var platform: WebexPlatform
    var now = Moment(wall: 1_800_000_000, monotonic: .seconds(1_000))
    /// What was asked for, as in `PUT /dataSources/…`, and when.
    var log: [(call: String, at: Int64)] = []
    var failure: HTTPError?
  }

  let state: Locked<State>
  let accessToken: String
  let refreshToken: String

  init(_ edit: (inout StandInSettings) -> Void = { _ in }) throws {
    var platform = try Self.template.get()
    edit(&platform.settings)
    (accessToken, refreshToken) = platform.authorizeServiceApp(organization: Self.organization, now: 1_800_000_000)
    state = Locked(State(platform: platform))
  }

  func answer(to request: HTTPRequest) async throws(HTTPError) -> HTTPAnswer {
    try state.withLock { state throws(HTTPError) in
      let path = String(request.url.dropFirst(Self.baseURL.utf8.count))
      state.log.append(("\(request.method.rawValue) \(path)", state.now.wall))
      if let failure = state.failure { throw failure }
      let decoded = path.replacing("%2D", with: "-")
      let response = state.platform.respond(
        to: ServerRequest(
          method: request.method.rawValue, path: "/v1" + decoded,
          authorization: request.fields.first { $0.name == "Authorization" }?.value, body: request.body ?? []),
        now: state.now.wall)
      if response.isDropped { throw .connection(code: 52) }
      return HTTPAnswer(
        status: response.status, retryAfter: response.fields.first { $0.0 == "Retry-After" }.flatMap { Int($0.1) },
        body: response.body)
    }
  }

  var now: Moment { state.withLock { $0.now } }

  func pass(_ seconds: Int64) {
    state.withLock {
      $0.now.wall += seconds
      $0.now.monotonic += .seconds(seconds)
    }
  }

  /// What was asked for, ids left out.
  var calls: [String] {
    state.withLock { $0.log.map { entry in Self.short(entry.call) } }
  }

  func forgetCalls() { state.withLock { $0.log = [] } }

  private static func short(_ call: String) -> String {
    let parts = call.split(separator: "/", maxSplits: 2)
    guard parts.count == 3, parts[2] != "schemas" else { return call }
    return "\(parts[0])/\(parts[1])/…"
  }

  func fail(_ kind: StandInFault.Kind, path: String = "/", method: String? = nil, times: Int? = nil) {
    state.withLock { $0.platform.faults.append(StandInFault(path: path, method: method, kind: kind, times: times)) }
  }

  func heal() {
    state.withLock {
      $0.platform.faults = []
      $0.failure = nil
    }
  }

  var sources: [StandInDataSource] { state.withLock { $0.platform.dataSources } }

  /// An access token that nobody refreshes.
  struct Token: AccessTokenSource {
    let token: String
    func accessToken() async throws(DataSourceError) -> String { token }
    func refuse(_ token: String) async {}
  }

  func client(domains: [String] = [], token: String? = nil) -> DataSourceClient {
    DataSourceClient(
      baseURL: Self.baseURL, domains: RegisteredDomains(domains), tokens: Token(token: token ?? accessToken),
      transport: self)
  }

  static func desired(_ edit: (inout DesiredRegistration) -> Void = { _ in }) -> DesiredRegistration {
    var desired = DesiredRegistration(
      organization: organization, name: "Example", schemaID: schema, url: url, audience: "patchbay",
      subject: "callAudioData", lifetimeMinutes: 3)
    edit(&desired)
    return desired
  }

  static func fields(nonce: String = "first", _ edit: (inout DataSourceFields) -> Void = { _ in }) -> DataSourceFields {
    var fields = desired().fields(over: nil, nonce: nonce)
    edit(&fields)
    return fields
  }

  static func form(_ edit: (inout DataSourceForm) -> Void) -> DataSourceForm {
    var form = DataSourceForm()
    edit(&form)
    return form
  }
}

/// Log lines, for looking at.
final class LogBook: LogHandler, @unchecked Sendable {
  // Unchecked: everything that changes is behind the lock; the level and the metadata are never set.
  private let lines = Locked<[String]>([])
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    let more = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
    lines.withLock { $0.append("\(event.level) \(event.message) \(more)") }
  }

  var text: String { lines.withLock { $0.joined(separator: "\n") } }
  var logger: Logger { Logger(label: "test") { _ in self } }
}
