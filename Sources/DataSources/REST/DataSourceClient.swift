public import HTTPFetching
import TokenVerification

/// Carries requests to a REST service. One implementation uses the network, others stand in for it in tests.
public protocol RESTTransport: Sendable {
  /// The answer, of whatever status, or why there is none.
  func answer(to request: HTTPRequest) async throws(HTTPError) -> HTTPAnswer
}

/// Over the network with libcurl.
public struct NetworkTransport: RESTTransport {
  /// What one exchange may take, in seconds.
  public static let seconds = 15
  private let exchange: CurlExchange

  /// - Parameter certificateAuthorities: a PEM file to trust instead of the system's.
  public init(certificateAuthorities: String? = nil) {
    exchange = CurlExchange(
      limits: .init(
        connectMilliseconds: 5_000, totalMilliseconds: Self.seconds * 1_000, maximumBytes: AnswerReading.maximumBytes),
      certificateAuthorities: certificateAuthorities)
  }

  /// The answer, within ``seconds``.
  public func answer(to request: HTTPRequest) async throws(HTTPError) -> HTTPAnswer {
    try await exchange.perform(request)
  }
}

/// Where access tokens come from.
public protocol AccessTokenSource: Sendable {
  /// The access token in use, or a new one.
  func accessToken() async throws(DataSourceError) -> String
  /// This token was answered with 401: it is not to be given out again.
  func refuse(_ token: String) async
}

/// Webex's data source interface for one organization: every call of Wire 10.
public struct DataSourceClient: Sendable {
  /// Where Webex has it.
  public static let defaultBaseURL = "https://webexapis.com/v1"

  private let baseURL: String
  private let domains: RegisteredDomains
  private let tokens: any AccessTokenSource
  private let transport: any RESTTransport
  private let form: DataSourceForm

  /// - Parameters:
  ///   - baseURL: an https URL, or an http URL on loopback.
  ///   - form: how requests are written.
  ///   - domains: where the Service App may register URLs.
  public init(
    baseURL: String = Self.defaultBaseURL, form: DataSourceForm = DataSourceForm(),
    domains: RegisteredDomains = RegisteredDomains([]),
    tokens: any AccessTokenSource, transport: any RESTTransport = NetworkTransport()
  ) {
    self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
    self.form = form
    self.domains = domains
    self.tokens = tokens
    self.transport = transport
  }

  /// All data sources of the organization.
  public func list() async throws(DataSourceError) -> [DataSource] {
    try await read(.list) { bytes throws(AnswerReading.FormatError) in
      try AnswerReading.items(bytes).map { item throws(AnswerReading.FormatError) in try DataSource(item) }
    }
  }

  /// The data source that is made, read or replaced, as it is now.
  public func source(_ call: DataSourceCall) async throws(DataSourceError) -> DataSource {
    try await read(call) { bytes throws(AnswerReading.FormatError) in try DataSource(try AnswerReading.value(bytes)) }
  }

  /// Removes a data source: Webex calls it no more.
  public func remove(id: String) async throws(DataSourceError) { _ = try await send(.remove(id: id)) }

  /// All schemas.
  public func schemas() async throws(DataSourceError) -> [DataSourceSchema] {
    try await read(.schemas) { bytes throws(AnswerReading.FormatError) in
      try AnswerReading.items(bytes).map { item throws(AnswerReading.FormatError) in try DataSourceSchema(item) }
    }
  }

  /// The schema of an id.
  public func schema(id: String) async throws(DataSourceError) -> DataSourceSchema {
    try await read(.schema(id: id)) { bytes throws(AnswerReading.FormatError) in
      try DataSourceSchema(try AnswerReading.value(bytes))
    }
  }

  private func read<Value>(
    _ call: DataSourceCall, _ decode: ([UInt8]) throws(AnswerReading.FormatError) -> Value
  ) async throws(DataSourceError) -> Value {
    let body = try await send(call)
    do throws(AnswerReading.FormatError) { return try decode(body) } catch {
      throw DataSourceError(call: call.name, .garbage(error.description))
    }
  }

  /// The body of an answer that says yes. A token that is refused is replaced once.
  private func send(_ call: DataSourceCall) async throws(DataSourceError) -> [UInt8] {
    try check(call)
    let token = try await tokens.accessToken()
    let answer = try await exchange(call, token)
    guard answer.status == 401 else { return try AnswerStatus.body(answer, of: call.name, scope: call.scope) }
    await tokens.refuse(token)
    let renewed = try await tokens.accessToken()
    guard renewed != token else { return try AnswerStatus.body(answer, of: call.name, scope: call.scope) }
    return try AnswerStatus.body(try await exchange(call, renewed), of: call.name, scope: call.scope)
  }

  private func check(_ call: DataSourceCall) throws(DataSourceError) {
    switch call {
    case .create(let fields), .replace(_, let fields):
      if let host = domains.hostOutside(fields.url) {
        throw DataSourceError(call: call.name, .outsideDomains(host: host, domains: domains.names))
      }
    default: break
    }
  }

  private func exchange(_ call: DataSourceCall, _ token: String) async throws(DataSourceError) -> HTTPAnswer {
    do throws(HTTPError) {
      return try await transport.answer(to: call.request(baseURL: baseURL, accessToken: token, form: form))
    } catch { throw DataSourceError(call: call.name, DataSourceError.Reason(error)) }
  }
}

extension DataSourceError.Reason {
  init(_ failure: HTTPError) {
    switch failure {
    case .timeout: self = .timeout
    case .tooLong: self = .garbage("it is over \(AnswerReading.maximumBytes) bytes")
    default: self = .unreachable(failure)
    }
  }
}
