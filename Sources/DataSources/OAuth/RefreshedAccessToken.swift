public import Basics
import HTTPFetching
import JSONText
import TokenVerification

/// Access tokens from a refresh token, one request at a time, and the refresh token kept whatever happens.
///
/// The order is what matters: the answer's refresh token is on the disk before its access token is given out. A process
/// that is killed between two requests finds in the file the last token that Webex gave.
public actor RefreshedAccessToken: AccessTokenSource {
  private struct Held {
    let token: String
    let until: Duration
  }

  private let app: ServiceApp
  private let file: RefreshTokenFile
  private let organization: String?
  private let parent: RefreshedAccessToken?
  private let baseURL: String
  private let transport: any RESTTransport
  private let now: @Sendable () -> Duration
  private var held: Held?
  /// A refresh token that could not be written. It is tried again before anything else.
  private var unsaved: String?
  private var refresh: Task<Result<String, DataSourceError>, Never>?

  /// - Parameters:
  ///   - file: where the refresh token is, and each new one is kept.
  ///   - organization: whose tokens these are; where the file is not there yet, they are asked for with `parent`.
  ///   - parent: the app's own tokens.
  ///   - now: a monotonic clock.
  public init(
    app: ServiceApp, file: RefreshTokenFile, organization: String? = nil, parent: RefreshedAccessToken? = nil,
    baseURL: String = DataSourceClient.defaultBaseURL, transport: any RESTTransport = NetworkTransport(),
    now: @escaping @Sendable () -> Duration = MonotonicClock.now
  ) {
    self.app = app
    self.file = file
    self.organization = organization
    self.parent = parent
    self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
    self.transport = transport
    self.now = now
  }

  /// The access token in use; a new one where it is about to end.
  public func accessToken() async throws(DataSourceError) -> String {
    if unsaved == nil, let held, now() < held.until { return held.token }
    if let refresh { return try await refresh.value.get() }
    let task = Task<Result<String, DataSourceError>, Never> {
      do throws(DataSourceError) { return .success(try await renew()) } catch { return .failure(error) }
    }
    refresh = task
    defer { refresh = nil }
    return try await task.value.get()
  }

  /// This token was refused: the next use asks for another.
  public func refuse(_ token: String) {
    if held?.token == token { held = nil }
  }

  private func renew() async throws(DataSourceError) -> String {
    let lock = try await onThread { [file] () throws(FileError) in try file.lock() }
    defer { lock.unlock() }
    if let unsaved {
      try await keep(unsaved)
      if let held, now() < held.until { return held.token }
    }
    let stored = try await onThread { [file] () throws(FileError) in try file.read() }
    let grant: OAuthGrant
    if let stored {
      grant = try await send(try refreshRequest(stored), "POST /access_token")
    } else {
      grant = try await send(try await firstRequest(), "POST /applications/…/token")
      guard grant.refreshToken != nil else {
        throw failure("POST /applications/…/token", "the answer has no refresh token")
      }
    }
    if let token = grant.refreshToken, token != stored { try await keep(token, with: grant) }
    hold(grant)
    return grant.accessToken
  }

  private func hold(_ grant: OAuthGrant) {
    // Not to the last second: a request takes some, and clocks differ.
    let life = Duration.seconds(grant.lifetime)
    held = Held(token: grant.accessToken, until: now() + life - min(.seconds(300), life / 10))
  }

  private func keep(_ token: String, with grant: OAuthGrant? = nil) async throws(DataSourceError) {
    unsaved = token
    // The access token is good already; it is given out once the refresh token is safe.
    if let grant { hold(grant) }
    try await onThread { [file] () throws(FileError) in try file.replace(token) }
    unsaved = nil
  }

  private func refreshRequest(_ token: String) throws(DataSourceError) -> HTTPRequest {
    let (id, secret) = try credentials()
    return HTTPRequest(
      .post, baseURL + "/access_token",
      fields: [
        .init("Accept", "application/json"), .init("Content-Type", "application/x-www-form-urlencoded"),
      ],
      body: FormBody.encode([
        "grant_type": "refresh_token", "client_id": id, "client_secret": secret, "refresh_token": token,
      ]))
  }

  /// Asks for the first tokens of another organization, which has authorized the app.
  private func firstRequest() async throws(DataSourceError) -> HTTPRequest {
    guard let organization, let parent, let application = app.applicationID else {
      throw failure(
        "access token",
        "there is no refresh token in \(file.path); store there what Control Hub or developer.webex.com "
          + "shows when the Service App is authorized")
    }
    let (id, secret) = try credentials()
    let bearer = try await parent.accessToken()
    return HTTPRequest(
      .post, baseURL + "/applications/\(PathPart.escaped(application))/token",
      fields: [
        .init("Accept", "application/json"), .init("Content-Type", "application/json"),
        .init("Authorization", "Bearer " + bearer),
      ],
      body: Array(
        JSONValue.object(
          JSONObject([
            "clientId": .string(id), "clientSecret": .string(secret), "targetOrgId": .string(organization),
          ])
        ).text.utf8))
  }

  private func credentials() throws(DataSourceError) -> (id: String, secret: String) {
    do { return (try app.clientID(), try app.clientSecret()) } catch {
      throw failure("access token", "\(error)")
    }
  }

  private func send(_ request: HTTPRequest, _ call: String) async throws(DataSourceError) -> OAuthGrant {
    let answer: HTTPAnswer
    do throws(HTTPError) { answer = try await transport.answer(to: request) } catch {
      throw DataSourceError(call: call, DataSourceError.Reason(error))
    }
    if [400, 401, 403, 404].contains(answer.status) {
      let said = AnswerStatus.detail(answer.body)
      throw failure(
        call,
        "\(answer.status), the refresh token or the app's credentials are not accepted"
          + (said.isEmpty ? "" : " (it says: \(said))")
          + "; a refresh token ends after 90 days without use: authorize the app again and store the new one in "
          + "\(file.path), and check client id and secret")
    }
    let body = try AnswerStatus.body(answer, of: call, scope: "")
    do throws(AnswerReading.FormatError) { return try OAuthGrant(body) } catch {
      throw DataSourceError(call: call, .garbage(error.description))
    }
  }

  private func onThread<Value: Sendable>(
    _ work: @escaping @Sendable () throws(FileError) -> Value
  ) async throws(DataSourceError) -> Value {
    let result = await DetachedThread.value { Result(catching: work) }
    guard let result else { throw failure("refresh token", "there is no thread to read or write \(file.path)") }
    do throws(FileError) { return try result.get() } catch {
      throw failure("refresh token", "\(error)")
    }
  }

  private nonisolated func failure(_ call: String, _ fault: String) -> DataSourceError {
    DataSourceError(call: call, .credentials(fault))
  }
}
