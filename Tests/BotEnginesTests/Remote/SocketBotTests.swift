import BotEngine
import Glibc
import Locking
import Testing

@testable import BotEngines

@Suite("A SocketBot knows where its bot's WebSocket is, and says why it cannot be opened")
struct SocketBotTests {
  private func refusal(url: String, _ change: (inout BotEndpoint) -> Void = { _ in }) -> EngineError? {
    var endpoint = BotEndpoint()
    change(&endpoint)
    do throws(EngineError) {
      _ = try SocketBot(endpoint, url: url)
      return nil
    } catch { return error }
  }

  @Test("a URL that is no WebSocket's, or a file that cannot be read, is told when the engine is made")
  func refused() {
    #expect(refusal(url: "wss://bot.example/call") == nil)
    for url in ["https://bot.example", "bot.example", "wss://"] {
      #expect(refusal(url: url)?.message.contains("write it as in wss://bot.example.com/call") == true, "\(url)")
    }
    let missing = refusal(url: "wss://bot.example/call") { $0.tls.ca = "/nowhere/roots.pem" }
    #expect(missing?.code == .unusable && missing?.message.hasPrefix("/nowhere/roots.pem ") == true)
  }

  @Test("where nobody listens, nobody is waited for")
  func nobody() async throws {
    // A port that was free a moment ago, and whose owner does not listen.
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        #expect(bind(descriptor, address, size) == 0 && getsockname(descriptor, address, &size) == 0)
      }
    }
    var endpoint = BotEndpoint()
    // Long enough that an attempt that is made again would be noticed by the whole run.
    endpoint.connectTimeout = .seconds(300)
    let bot = try SocketBot(endpoint, url: "ws://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/")
    let failure = await #expect(throws: BotFailure.self) {
      _ = try await bot.connect(for: CallInfo(organization: "o", conversation: "c", agent: "a"))
    }
    #expect(failure?.kind == .unreachable && failure?.message.contains("refuses the connection") == true)
  }

  @Test("of a call's sides the first that is at its end ends the others, and its error is the call's")
  func untilFirstEnds() async throws {
    struct Fault: Error {}
    let cancelled = Locked(0)
    let waits: @Sendable () async throws -> Void = {
      let room = OutputRoom()
      room.set(.conversation, isFull: true)
      await room.wait()
      cancelled.withLock { $0 += 1 }
    }
    try await untilFirst(waits, {}, waits)
    #expect(cancelled.withLock { $0 } == 2)
    await #expect(throws: Fault.self) { try await untilFirst(waits, { throw Fault() }) }
    #expect(cancelled.withLock { $0 } == 3)
  }
}
