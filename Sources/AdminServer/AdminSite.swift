import Basics
import Foundation
public import HTTPServing
import Telemetry

/// Something that an operator can do by a POST request to a path of the admin port; the token has been checked. Called on
/// the port's one thread: it must not wait for anything but a small file.
public typealias AdminAction = @Sendable (ServerRequest) -> ServerResponse

/// Decides about a WebSocket; nobody has been asked for the token. Called on the port's one thread: it must not wait.
public typealias AdminSocket = @Sendable (ServerRequest, @escaping @Sendable (UpgradeDecision) -> Void) -> Void

/// Something that an operator can read as JSON: for the rest of its path, `nil` where there is no such thing. Called on
/// the port's one thread: it must not wait.
public typealias AdminDetails = @Sendable (String) -> (any Encodable & Sendable)?

/// What the admin port answers: a function from requests to answers.
///
/// | path | answer | token |
/// | --- | --- | --- |
/// | `/livez` | 200 while the process serves | no |
/// | `/readyz` | 200 when calls can be taken, else 503 with `{"ready": false, "reasons": […]}`; with `degraded` what is missing | no |
/// | `/<service>/v1/ping` | 200, for Webex | no |
/// | `/metrics` | Prometheus text | yes |
/// | `/status` | ``StatusSnapshot`` as JSON | yes |
/// | `/status/…` | what ``AdminServer/addDetails(_:below:)`` has added, as JSON | yes |
/// | `/`, `/dashboard/<file>` | the dashboard | yes |
/// | pages | what ``AdminServer/addPage(_:at:)`` has added | yes |
/// | GET | what ``AdminServer/addGuarded(_:below:)`` has added | always |
/// | WebSockets | what ``AdminServer/addSocket(_:at:)`` has added | as each decides |
/// | POST | what ``AdminServer/addQuestion(_:at:)`` has added, which changes nothing | yes |
/// | POST | what ``AdminServer/add(_:at:)`` has added | always, as a bearer token |
/// | POST ``CallEnding`` | 200, for a bot that hangs up | always: this port's, or that of the call's bot |
struct AdminSite: HTTPSite {
  /// `nil`: everything is open, but to names that only a browser's attacker would use.
  var token: @Sendable () -> String?
  var metrics: MetricsRegistry
  /// What `/metrics` says, where it is not the metrics' own text.
  var exposition: (@Sendable () -> String)?
  var readiness: @Sendable () -> Readiness
  var status: @Sendable () -> StatusSnapshot
  /// `nil`: there are no bots that could end calls over REST.
  var callEnding: CallEnding?

  /// What is asked of POST requests with a good token, by their paths.
  var actions: @Sendable () -> [String: AdminAction] = { [:] }
  /// What is asked of POST requests that change nothing, by their paths.
  var questions: @Sendable () -> [String: AdminAction] = { [:] }

  /// What is read as JSON below `/status/`, by the first part of the path there.
  var details: @Sendable () -> [String: AdminDetails] = { [:] }

  /// Who opens WebSockets, by their paths.
  var sockets: @Sendable () -> [String: AdminSocket] = { [:] }

  /// What is read of those with the token, by what their paths begin with.
  var guardedPaths: @Sendable () -> [String: AdminAction] = { [:] }
  /// Who else is asked.
  var forward: @Sendable () -> AdminForward? = { nil }

  /// Further pages: the files of the dashboard's that are served, by their paths.
  var pages: @Sendable () -> [String: String] = { [:] }

  func upgrade(_ request: ServerRequest, decide: @escaping @Sendable (UpgradeDecision) -> Void) {
    guard let open = sockets()[request.path] else { return decide(.refuse(respond(to: request))) }
    // Without a token a web page could have its own name point here, as for everything else.
    guard token() != nil || isLocalName(request.host) else {
      return decide(.refuse(.text(403, "not under this host name")))
    }
    open(request, decide)
  }

  func respond(to request: ServerRequest) -> ServerResponse {
    if let work = forwarding(of: request) { return .later { deliver in Task { deliver(await work()) } } }
    guard ["GET", "HEAD"].contains(request.method) || !request.isOfAnotherOrigin else {
      return .text(403, "pages of other origins may change nothing here")
    }
    if let callEnding, let (account, call) = CallEnding.ids(in: request.path) {
      return end(call, of: account, request, by: callEnding)
    }
    if request.method == "POST", let question = questions()[request.path] {
      return refusal(of: request) ?? question(request)
    }
    guard request.method == "GET" || request.method == "HEAD" else { return act(on: request) }
    guard !request.hasBody else { return .text(413, "no body is taken here") }
    if let read = guarded(request.path) { return guardedRefusal(of: request) ?? read(request) }
    switch request.path {
    case "/livez": return .text(200, "ok")
    case "/readyz": return ready()
    case let path where Self.pingedService(path) != nil: return pong(Self.pingedService(path) ?? "")
    case "/metrics", "/status": break
    case let path where path.hasPrefix("/status/") || file(at: path) != nil: break
    default: return .text(404, "there is /livez, /readyz, /metrics, /status and / here")
    }
    if let refusal = refusal(of: request) { return refusal }
    switch request.path {
    case "/metrics":
      return ServerResponse(
        status: 200, contentType: MetricsRegistry.contentType, body: Array((exposition?() ?? metrics.exposition()).utf8)
      )
    case "/status":
      return shown(status())
    case let path where path.hasPrefix("/status/"):
      let parts = path.split(separator: "/", maxSplits: 2)
      guard parts.count == 3, let found = details()[String(parts[1])]?(String(parts[2])) else {
        return .text(404, "there is nothing of that name, or not any more")
      }
      return .json(200, found)
    default: return dashboard(request.path)
    }
  }

  private func file(at path: String) -> DashboardFiles.File? {
    pages()[path].flatMap { DashboardFiles.all[$0] } ?? DashboardFiles.file(at: path)
  }

  private func dashboard(_ path: String) -> ServerResponse {
    guard let file = file(at: path) else { return .text(404, "the dashboard has no such file") }
    return ServerResponse(
      status: 200, contentType: file.contentType, body: file.bytes,
      fields: [
        ("Content-Security-Policy", DashboardFiles.contentSecurityPolicy), ("Referrer-Policy", "no-referrer"),
      ])
  }

  /// Whether the body of a request is read, by its head: only of those who may act, or may prove to.
  func readsBody(of head: ServerRequest) -> Bool {
    guard head.method == "POST", !head.isOfAnotherOrigin else { return false }
    if callEnding != nil, CallEnding.ids(in: head.path) != nil { return Self.credential(head.authorization) != nil }
    if questions()[head.path] != nil { return refusal(of: head) == nil }
    return actions()[head.path] != nil && actionRefusal(of: head) == nil
  }

  /// What changes something: only for those with the token, and never open, be it on loopback.
  private func act(on request: ServerRequest) -> ServerResponse {
    guard let action = actions()[request.path], request.method == "POST" else {
      var response = ServerResponse.text(405, "only GET and HEAD are served here")
      response.fields = [("Allow", "GET, HEAD")]
      return response
    }
    return actionRefusal(of: request) ?? action(request)
  }

  func actionRefusal(of request: ServerRequest) -> ServerResponse? {
    guard let token = token() else {
      return .text(403, "this needs a token: write `admin: {token_file: …}` in the configuration")
    }
    // A browser sends a password that it remembers with a form of any page; a bearer token it does not.
    guard request.authorization?.lowercased().hasPrefix("bearer ") ?? false,
      let given = Self.credential(request.authorization), Self.isEqual(given, token)
    else {
      var response = ServerResponse.text(401, "a token is needed, as a bearer token")
      response.fields = [("WWW-Authenticate", "Bearer")]
      return response
    }
    return nil
  }

  // MARK: Answers

  private struct ReadinessBody: Encodable {
    var ready: Bool
    var reasons: [String]
    /// Left out where nothing is missing.
    var degraded: [String]?
  }

  private func ready() -> ServerResponse {
    let readiness = readiness()
    let body = ReadinessBody(
      ready: readiness.isReady, reasons: readiness.reasons,
      degraded: readiness.degradations.isEmpty ? nil : readiness.degradations)
    return .json(readiness.isReady ? 200 : 503, body)
  }

  private struct PingBody: Encodable {
    var serviceName: String
    var serviceState: String
    var message: String
  }

  private func pong(_ service: String) -> ServerResponse {
    .json(
      200,
      PingBody(serviceName: service, serviceState: readiness().isReady ? "online" : "offline", message: "pong"))
  }

  /// The service in `/<service>/v1/ping`: one segment of letters, digits and `-._~` (RFC 3986, unreserved).
  private static func pingedService(_ path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].isEmpty, parts[2] == "v1", parts[3] == "ping",
      (1...64).contains(parts[1].utf8.count), parts[1].isWord(with: "-._~")
    else { return nil }
    return String(parts[1])
  }

  // MARK: Ending calls

  private struct EndedCall: Encodable {
    var sid: String
    var accountSID: String
    var status = "completed"

    enum CodingKeys: String, CodingKey {
      case sid, status
      case accountSID = "account_sid"
    }
  }

  /// Errors as Twilio's clients know them (Twilio, "Error and Warning Dictionary").
  private struct CallError: Encodable {
    var code: Int
    var message: String
    var status: Int
  }

  private func end(_ call: String, of account: String, _ request: ServerRequest, by ending: CallEnding)
    -> ServerResponse
  {
    func refuse(_ status: Int, _ code: Int, _ message: String) -> ServerResponse {
      .json(status, CallError(code: code, message: message, status: status))
    }
    guard request.method == "POST" else {
      var response = refuse(405, 20004, "Only POST is served here.")
      response.fields = [("Allow", "POST")]
      return response
    }
    guard let given = Self.credential(request.authorization) else {
      var response = refuse(401, 20003, "Basic authentication is needed, with the bot's token as the password.")
      response.fields = [("WWW-Authenticate", "Basic realm=\"patchbay\"")]
      return response
    }
    guard CallEnding.asksForEnd(request.body) else {
      return refuse(400, 20001, "Only Status=completed is served here.")
    }
    let isOurs = token().map { Self.isEqual(given, $0) } ?? false
    switch ending.complete(account, call, isOurs ? nil : given) {
    case .completed: return .json(200, EndedCall(sid: call, accountSID: account))
    case .unknown: return refuse(404, 20404, "There is no such call, or it is over.")
    case .refused: return refuse(401, 20003, "The token is not the one of this call's bot.")
    }
  }
}
