import Foundation
import HTTPFetching
import Locking
import Testing
import WebexStandIn

@testable import DataSources

/// A network that is cut before or after one request: what a process that is killed there has done.
private final class CutTransport: RESTTransport {
  enum Cut: Sendable { case before(Int), after(Int) }

  let webex: Webex
  private let state: Locked<(count: Int, cut: Cut?)>

  init(_ webex: Webex, _ cut: Cut?) {
    self.webex = webex
    state = Locked((0, cut))
  }

  func answer(to request: HTTPRequest) async throws(HTTPError) -> HTTPAnswer {
    let (number, cut) = state.withLock { state in
      state.count += 1
      return (state.count, state.cut)
    }
    if case .before(let at) = cut, number >= at { throw .connection(code: 7) }
    let answer = try await webex.answer(to: request)
    if case .after(let at) = cut, number > at { throw .connection(code: 7) }
    return answer
  }
}

@Suite("The refresh token is kept")
struct TokenFileTests {
  private func source(
    _ webex: Webex, _ path: String, transport: (any RESTTransport)? = nil, organization: String? = nil,
    parent: RefreshedAccessToken? = nil, secret: String = "stand-in-secret"
  ) -> RefreshedAccessToken {
    RefreshedAccessToken(
      app: ServiceApp(
        clientID: { "stand-in-client" }, clientSecret: { secret }, applicationID: "stand-in-application"),
      file: RefreshTokenFile(path), organization: organization, parent: parent, baseURL: Webex.baseURL,
      transport: transport ?? webex, now: { webex.now.monotonic })
  }

  private func client(_ webex: Webex, _ tokens: any AccessTokenSource, _ transport: any RESTTransport)
    -> DataSourceClient
  { DataSourceClient(baseURL: Webex.baseURL, tokens: tokens, transport: transport) }

  @Test("A rotated refresh token is in the file before the access token is used, mode 0600, and serves the next time")
  func rotates() async throws {
    let webex = try Webex { $0.refreshRotation = .atOnce }
    let folder = try Folder()
    let path = try folder.file("token", webex.refreshToken + "\n")
    let tokens = source(webex, path)
    #expect(try await client(webex, tokens, webex).list().isEmpty)
    let second = try #require(folder.content("token"))
    #expect(second != webex.refreshToken + "\n" && second.hasSuffix("\n"))
    #expect(folder.mode("token") == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["token", "token.lock"])
    // The access token serves for its life, then another is asked for.
    #expect(try await client(webex, tokens, webex).list().isEmpty)
    #expect(webex.calls.filter { $0 == "POST /access_token" }.count == 1)
    webex.pass(14 * 86_400)
    #expect(try await client(webex, tokens, webex).list().isEmpty)
    #expect(webex.calls.filter { $0 == "POST /access_token" }.count == 2)
    #expect(folder.content("token") != second)
  }

  @Test("An access token that is refused is replaced once")
  func refused() async throws {
    let webex = try Webex()
    let folder = try Folder()
    let tokens = source(webex, try folder.file("token", webex.refreshToken))
    #expect(try await client(webex, tokens, webex).list().isEmpty)
    webex.state.withLock { $0.platform.expireTokens() }
    #expect(try await client(webex, tokens, webex).list().isEmpty)
    webex.fail(.status(401, retryAfter: nil), path: "/dataSources")
    webex.forgetCalls()
    await #expect(throws: DataSourceError.self) { try await client(webex, tokens, webex).list() }
    #expect(webex.calls == ["GET /dataSources", "POST /access_token", "GET /dataSources"])
  }

  @Test("Many that need a token at once ask for one")
  func singleFlight() async throws {
    let webex = try Webex()
    let folder = try Folder()
    let tokens = source(webex, try folder.file("token", webex.refreshToken))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { _ = try? await tokens.accessToken() } }
    }
    #expect(webex.calls == ["POST /access_token"])
  }

  @Test("Cut off before or after any request, the next process goes on with the token in the file")
  func cutAnywhere() async throws {
    for number in 1...5 {
      for cut in [CutTransport.Cut.before(number), .after(number)] {
        let webex = try Webex { $0.refreshRotation = .atOnce }
        let folder = try Folder()
        let path = try folder.file("token", webex.refreshToken)
        let transport = CutTransport(webex, cut)
        let first = client(webex, source(webex, path, transport: transport), transport)
        // Refresh, list, create, replace, remove: cut somewhere among them.
        _ = try? await {
          _ = try await first.list()
          let made = try await first.source(.create(Webex.fields()))
          _ = try await first.source(.replace(id: made.id, Webex.fields(nonce: "second")))
          try await first.remove(id: made.id)
        }()
        // The process is gone; a new one has nothing but the file. A request whose answer was cut off with the
        // connection is the one thing that no client can make good, and it is not cut here.
        let second = client(webex, source(webex, path), webex)
        #expect(try await second.list().count <= 1, "\(cut)")
      }
    }
  }

  @Test("Where a token cannot be written it is not used, and is written as soon as it can be")
  func unwritable() async throws {
    let webex = try Webex { $0.refreshRotation = .atOnce }
    let folder = try Folder()
    let inner = folder.path + "/inner"
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
    let path = try folder.file("inner/token", webex.refreshToken)
    let tokens = source(webex, path)
    // A folder in the way of the file: even root cannot replace it.
    let transport = BlockingTransport(webex: webex) {
      try? FileManager.default.removeItem(atPath: path)
      try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    let blocked = source(webex, path, transport: transport)
    await #expect(throws: DataSourceError.self) { try await blocked.accessToken() }
    await #expect(throws: DataSourceError.self) { try await blocked.accessToken() }
    #expect(webex.calls == ["POST /access_token"])
    try FileManager.default.removeItem(atPath: path)
    _ = try await blocked.accessToken()
    #expect(webex.calls == ["POST /access_token"], "it had the token all the time")
    #expect(folder.content("inner/token") != nil)
    #expect(try await client(webex, tokens, webex).list().isEmpty, "and what it wrote is good")
  }

  private struct BlockingTransport: RESTTransport {
    let webex: Webex
    let block: @Sendable () -> Void
    func answer(to request: HTTPRequest) async throws(HTTPError) -> HTTPAnswer {
      let answer = try await webex.answer(to: request)
      block()
      return answer
    }
  }

  @Test(
    "A file that others may read, that is not there or holds something else is refused, and says what to do",
    arguments: [
      ("first-token", 0o640, "chmod 600"), ("first-token", 0o604, "chmod 600"), ("two words", 0o600, "nothing else"),
      ("", 0o600, "nothing else"), (nil, 0o600, "there is no refresh token"),
    ] as [(String?, Int, String)])
  func badFiles(content: String?, mode: Int, text: String) async throws {
    let webex = try Webex()
    let folder = try Folder()
    let tokens = source(webex, try folder.file("token", content, mode: mode))
    let failure = await #expect(throws: DataSourceError.self) { try await tokens.accessToken() }
    #expect(failure?.description.contains(text) == true, "\(failure?.description ?? "")")
    #expect(failure?.description.contains("first-token") == false)
    #expect(webex.calls.isEmpty)
  }

  @Test("A refresh token or a secret that Webex refuses is told of without either")
  func refusedCredentials() async throws {
    let webex = try Webex()
    let folder = try Folder()
    let ended = source(webex, try folder.file("token", "ended-long-ago"))
    let failure = await #expect(throws: DataSourceError.self) { try await ended.accessToken() }
    #expect(failure?.description.contains("90 days") == true)
    #expect(failure?.description.contains("ended-long-ago") == false)
    let wrong = source(webex, try folder.file("other", webex.refreshToken), secret: "wrong-secret")
    let other = await #expect(throws: DataSourceError.self) { try await wrong.accessToken() }
    #expect(other?.description.contains("wrong-secret") == false)
    #expect(folder.content("other") == webex.refreshToken)
  }

  @Test("Another organization's first tokens are asked for with the Service App's, and kept in a file of their own")
  func otherOrganization() async throws {
    let webex = try Webex()
    let folder = try Folder()
    let parent = source(webex, try folder.file("app", webex.refreshToken))
    let own = source(
      webex, try folder.file("own"), organization: Webex.organization, parent: parent)
    #expect(try await client(webex, own, webex).list().isEmpty)
    #expect(
      webex.calls == ["POST /access_token", "POST /applications/…", "GET /dataSources"])
    #expect(folder.mode("own") == 0o600)
    let next = source(webex, folder.path + "/own", organization: Webex.organization, parent: parent)
    webex.forgetCalls()
    #expect(try await client(webex, next, webex).list().isEmpty)
    #expect(webex.calls == ["POST /access_token", "GET /dataSources"])
  }
}
