import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import BotConnections

@Suite("A ConnectionError says in words why a bot cannot be reached, and quotes nothing of the bot's")
struct ConnectionErrorTests {
  private struct Strange: Error {}

  private func words(_ error: any Error) -> String {
    ConnectionError(error, at: "bot.example:443", name: "bot.example").description
  }

  @Test("the network's errors have their own sentences")
  func network() {
    func io(_ code: Int32) -> String { words(IOError(errnoCode: code, reason: "connect")) }
    #expect(io(ECONNREFUSED) == "bot.example:443 refuses the connection")
    #expect(io(ECONNRESET) == "bot.example:443 broke the connection off" && io(EPIPE) == io(ECONNRESET))
    #expect(io(ENETUNREACH) == "bot.example:443 cannot be reached: Network is unreachable")
    #expect(words(ChannelError.connectTimeout(.seconds(1))) == "bot.example:443 does not answer")
    #expect(words(Strange()) == "bot.example:443 cannot be reached")
  }

  @Test("what was said before, by a frame or a connection, is said as it is")
  func known() {
    #expect(words(FrameError.push) == FrameError.push.description)
    #expect(words(ConnectionError("it is closed")) == "it is closed")
  }

  @Test("TLSContext names the text that cannot be used")
  func texts() {
    func refusal(roots: String? = nil, certificate: String? = nil, key: String? = nil) -> String? {
      do throws(ConnectionError) {
        _ = try TLSContext.make(rootsPEM: roots, certificatePEM: certificate, keyPEM: key, protocols: ["h2"])
        return nil
      } catch { return error.message }
    }
    #expect(refusal(roots: "none") == "the root certificates are not in PEM")
    #expect(refusal(certificate: "none", key: "none") == "the certificate chain is not in PEM")
    #expect(refusal() == nil)
  }

  @Test("ThreadedResolver finds an address's own, and says of a name without one that it has none")
  func resolver() async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let known = ThreadedResolver(loop: loop)
    _ = known.initiateAAAAQuery(host: "127.0.0.1", port: 80)
    let found = try await known.initiateAQuery(host: "127.0.0.1", port: 80).get()
    #expect(found.first?.ipAddress == "127.0.0.1" && found.first?.port == 80)
    let unknown = ThreadedResolver(loop: loop)
    // No name server is asked for a label that is too long for a name.
    let name = String(repeating: "a", count: 64)
    let error = await #expect(throws: ConnectionError.self) {
      try await unknown.initiateAAAAQuery(host: name, port: 80).get()
    }
    #expect(error?.message == "\(name) has no address")
    // Nobody waits for the other half of the answer either.
    await #expect(throws: ConnectionError.self) {
      try await unknown.initiateAQuery(host: name, port: 80).get()
    }
  }

  @Test("LocalListener has a name of its own, and knows connections of this process")
  func listener() throws {
    let (first, second) = (try LocalListener(), try LocalListener())
    defer { for listener in [first, second] { close(listener.descriptor) } }
    #expect(first.name != second.name && first.name.hasPrefix("patchbay-\(getpid())-"))
    #expect(first.name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" })
    #expect(LocalListener.isOwn(.init(process: getpid())) && !LocalListener.isOwn(.init(process: getppid())))
  }
}

@Suite("A GuardedBot keeps why its latest connection has ended, and bounds how often one is made")
struct GuardedBotTests {
  private func bot(_ host: String = "192.0.2.1") -> GuardedBot {
    GuardedBot(
      host: host, port: 443, tls: nil, name: host, connectTimeout: .seconds(1),
      limits: GuardLimits(maximumMessage: 1000))
  }

  @Test("the end of an older connection says nothing of the latest")
  func latest() throws {
    let bot = bot()
    let (first, second) = (try #require(bot.begin(now: 0)), try #require(bot.begin(now: 0)))
    bot.ended(first, "it closed the connection")
    #expect(bot.failure == nil)
    bot.ended(second, "it floods")
    #expect(bot.failure == "it floods")
    bot.stands(first)
    #expect(bot.failure == "it floods")
    bot.stands(second)
    #expect(bot.failure == nil)
  }

  @Test("twenty connections at once, then five a second")
  func rate() {
    let bot = bot()
    func begun(_ second: UInt64) -> Int { (0..<100).count { _ in bot.begin(now: second * 1_000_000_000) != nil } }
    let atOnce = begun(1)
    #expect((20...21).contains(atOnce))
    #expect((5...6).contains(begun(2)) && (5...6).contains(begun(3)))
  }

  @Test("an IPv6 address stands in brackets")
  func address() { #expect(bot().address == "192.0.2.1:443" && bot("2001:db8::1").address == "[2001:db8::1]:443") }
}
