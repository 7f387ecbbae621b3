import HTTPFetching
import Testing
import WebexStandIn

@testable import DataSources

@Suite("The data source interface")
struct ClientTests {
  private func failure<Value>(_ body: () async throws(DataSourceError) -> Value) async -> DataSourceError? {
    do throws(DataSourceError) {
      _ = try await body()
      return nil
    } catch { return error }
  }

  @Test("Every call: create, list, read, replace, remove, schemas")
  func calls() async throws {
    let webex = try Webex()
    let client = webex.client(domains: ["example.com"])
    let made = try await client.source(.create(Webex.fields()))
    #expect(made.url == Webex.url && made.nonce == "first" && made.isActive)
    #expect(made.expiry == webex.now.wall + 180 && made.createdAt == webex.now.wall)
    #expect(try await client.list() == [made])
    #expect(try await client.source(.read(id: made.id)) == made)
    let replaced = try await client.source(
      .replace(id: made.id, Webex.fields(nonce: "second") { $0.lifetimeMinutes = 60 }))
    #expect(replaced.nonce == "second" && replaced.lifetimeMinutes == 60)
    #expect(try await client.schemas().count == 4)
    #expect(try await client.schema(id: Webex.schema).service == "VoiceVirtualAgent")
    try await client.remove(id: made.id)
    #expect(try await client.list().isEmpty)
  }

  @Test("Each kind of failure is told apart, and says what to do")
  func failures() async throws {
    let webex = try Webex()
    let client = webex.client()
    let made = try await client.source(.create(Webex.fields()))
    let conflict = await failure { () throws(DataSourceError) in try await client.source(.create(Webex.fields())) }
    #expect(conflict?.reason == .conflict)
    let missing = await failure { () throws(DataSourceError) in try await client.source(.read(id: "../x?y")) }
    #expect(missing?.reason == .notFound)
    let unauthorized = await failure { () throws(DataSourceError) in try await webex.client(token: "bad").list() }
    #expect(unauthorized?.reason == .unauthorized)
    let foreign = await failure { () throws(DataSourceError) in
      try await client.source(.create(Webex.fields { $0.url = "https://elsewhere.org" }))
    }
    #expect(foreign?.reason == .foreignDomain)
    #expect(foreign?.description.contains("elsewhere.org") == true)
    let rejected = await failure { () throws(DataSourceError) in
      try await client.source(.create(Webex.fields { $0.schemaID = "no-schema" }))
    }
    #expect(rejected?.reason == .rejected(status: 400))
    #expect(rejected?.description.contains("schemaId names no schema") == true)
    webex.state.withLock { $0.platform.settings.scopes = [StandInSettings.readScope] }
    let scope = await failure { () throws(DataSourceError) in try await client.remove(id: made.id) }
    #expect(scope?.reason == .forbidden(scope: "spark-admin:datasource_write"))
    #expect(scope?.description.contains("add spark-admin:datasource_write to the Service App") == true)
    let faults: [(StandInFault.Kind, DataSourceError.Reason)] = [
      (.status(429, retryAfter: 7), .tooManyRequests), (.status(503, retryAfter: nil), .server(status: 503)),
      (.status(301, retryAfter: nil), .unexpected(status: 301)), (.closed, .unreachable(.connection(code: 52))),
    ]
    for (kind, reason) in faults {
      webex.fail(kind, times: 1)
      let failed = await failure { () throws(DataSourceError) in try await client.list() }
      #expect(failed?.reason == reason)
      if reason == .tooManyRequests { #expect(failed?.retryAfter == 7) }
    }
    webex.fail(.garbage, times: 1)
    let garbage = await failure { () throws(DataSourceError) in try await client.list() }
    #expect(garbage?.kind == "garbage")
    webex.state.withLock { $0.failure = .timeout }
    let late = await failure { () throws(DataSourceError) in try await client.list() }
    #expect(late?.reason == .timeout)
  }

  @Test("A URL outside the Service App's domains is refused before anything is sent")
  func domains() async throws {
    let webex = try Webex()
    let client = webex.client(domains: ["Example.com"])
    for url in ["https://example.com.evil.org", "https://notexample.com:443", "https://example.com@evil.org/x", "x"] {
      let refused = await failure { () throws(DataSourceError) in
        try await client.source(.create(Webex.fields { $0.url = url }))
      }
      #expect(refused?.kind == "outside_domains", "\(url)")
    }
    #expect(webex.calls.isEmpty)
    for url in ["https://EXAMPLE.com", "https://a.b.example.com.:8443/path", "wss://voice.example.com/v1/va"] {
      #expect(RegisteredDomains(["example.com"]).hostOutside(url) == nil, "\(url)")
    }
  }

  @Test(
    "An answer is taken for what it is: hostile ones are refused, unknown members are not looked at",
    arguments: [
      ("{}", false), ("[]", false), ("{\"items\":{}}", false), ("{\"items\":[{}]}", false), ("{\"items\":[1]}", false),
      ("{\"items\":[{\"id\":\"a\",\"schemaId\":\"s\",\"url\":\"u\"}]}", true),
      ("{\"items\":[{\"id\":\"a\",\"schemaId\":\"s\",\"url\":\"u\",\"new\":{\"x\":[1]},\"audience\":null}]}", true),
      ("{\"items\":[{\"id\":\"a\\u0007\",\"schemaId\":\"s\",\"url\":\"u\"}]}", false),
      ("{\"items\":[{\"id\":\"a\",\"schemaId\":\"s\",\"url\":\"u\",\"tokenExpiryTime\":\"soon\"}]}", false),
      ("{\"items\":[{\"id\":\"a\",\"schemaId\":\"s\",\"url\":\"u\",\"tokenLifetimeMinutes\":-1}]}", false),
      ("{\"items\":[{\"id\":\"a\",\"id\":\"b\",\"schemaId\":\"s\",\"url\":\"u\"}]}", false),
      ("{\"items\":[{\"id\":\"a\",\"schemaId\":\"s\",\"url\":\"u\",\"jwsToken\":\"not.a.token\"}]}", true),
      ("{\"items\":[{\"id\":\"a\",\"schemaId\":\"s\",\"url\":\"u\",\"tokenLifeMinutes\":5}]}", true),
    ])
  func hostileAnswers(body: String, isGood: Bool) async throws {
    let items = try? AnswerReading.items(Array(body.utf8)).map { try DataSource($0) }
    #expect((items != nil) == isGood)
  }

  @Test(
    "Requests are written as documents have it, and answers read, in every form",
    arguments: DataSourceForm.Path.allCases,
    [
      DataSourceForm(),
      Webex.form {
        $0.schema = .list
        $0.lifetime = .tokenLifeMinutes
        $0.number = .text
      }, Webex.form { $0.number = .text },
    ])
  func forms(path: DataSourceForm.Path, form: DataSourceForm) async throws {
    let webex = try Webex()
    var form = form
    form.path = path
    let client = DataSourceClient(
      baseURL: Webex.baseURL, form: form, tokens: Webex.Token(token: webex.accessToken), transport: webex)
    let made = try await client.source(.create(Webex.fields()))
    #expect(made.schemaID == Webex.schema && made.lifetimeMinutes == 3 && made.nonce == "first")
    #expect(webex.calls == ["POST /\(path.rawValue)"])
    let replaced = try await client.source(.replace(id: made.id, Webex.fields(nonce: "second")))
    #expect(replaced.nonce == "second")
    #expect(try await client.list().count == 1)
    #expect(try await client.schemas().count == 4)
    #expect(replaced.claims?["jti"] == .string("second"))
    let body = DataSourceCall.create(Webex.fields()).request(baseURL: "", accessToken: "t", form: form).body ?? []
    let text = String(decoding: body, as: UTF8.self)
    #expect(text.contains("\"\(form.lifetime.rawValue)\":") == true)
    #expect(text.contains("\"3\"") == (form.number == .text))
    #expect(text.contains("\"schemaId\":[") == (form.schema == .list))
  }

  @Test("Numbers may be texts, fractions are dropped, and a byte order mark is passed over")
  func tolerance() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    for (text, seconds) in [
      ("\"1209599\"", 1_209_599), ("1209599", 1_209_599), ("1209599.9", 1_209_599), ("1.2e3", 1_200),
      ("\"3600.5\"", 3_600),
    ] as [(String, Int64)] {
      let body = "{\"access_token\":\"abc\",\"expires_in\":\(text)}"
      #expect(try OAuthGrant(Array(body.utf8)).lifetime == seconds)
      #expect(try OAuthGrant(mark + Array(body.utf8)).lifetime == seconds)
    }
    for text in ["\"soon\"", "\"\"", "[]", "-5", "\"-5\"", "true"] {
      #expect(throws: AnswerReading.FormatError.self) {
        try OAuthGrant(Array("{\"access_token\":\"abc\",\"expires_in\":\(text)}".utf8))
      }
    }
    #expect(AnswerStatus.detail(mark + Array("{\"message\":\"no\"}".utf8)) == "no")
    for schema in ["[]", "[\"a\",\"b\"]", "[1]"] {
      #expect(throws: AnswerReading.FormatError.self) {
        let text = "{\"id\":\"a\",\"schemaId\":\(schema),\"url\":\"u\"}"
        _ = try DataSource(AnswerReading.value(Array(text.utf8)))
      }
    }
  }

  @Test("What the token says fills in for what is not told")
  func tokenSummary() async throws {
    let webex = try Webex()
    let made = try await webex.client().source(.create(Webex.fields()))
    let token = try #require(webex.sources.first?.token)
    let text = "{\"id\":\"a\",\"schemaId\":\"s\",\"url\":\"u\",\"jwsToken\":\"\(token)\"}"
    let source = try DataSource(AnswerReading.value(Array(text.utf8)))
    #expect(source.nonce == "first" && source.expiry == made.expiry)
  }

  @Test("Times of RFC 3339 are read, others are not")
  func times() {
    #expect(InternetTime.seconds("1970-01-01T00:00:00Z") == 0)
    #expect(InternetTime.seconds("2027-01-15T08:00:00.123Z") == 1_800_000_000)
    #expect(InternetTime.seconds("2027-01-15T09:30:00+01:30") == 1_800_000_000)
    #expect(InternetTime.seconds("2024-02-29T00:00:00-00:00") == 1_709_164_800)
    for text in ["", "2027-01-15", "2027-13-01T00:00:00Z", "2027-01-15T08:00:00", "2027-01-15T08:00:00.Z", "+2027"] {
      #expect(InternetTime.seconds(text) == nil, "\(text)")
    }
  }

  @Test("An id is one part of a path, whatever is in it")
  func pathParts() {
    #expect(DataSourceCall.read(id: "a/../b?c").path == "/dataSources/a%2F..%2Fb%3Fc")
    #expect(DataSourceCall.read(id: "..").path == "/dataSources/%2E%2E")
  }
}
