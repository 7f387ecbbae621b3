import BotEngine
import GRPCTransport
import Logging
import Testing

@testable import BotEngines

@Suite("BotChannels gives each call a connection, and none to a connection that may be dead")
struct BotChannelsTests {
  private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Connections that are made when a call begins on them, which none does here.
  private func channels() throws -> BotChannels {
    try BotChannels(BotEndpoint(host: "192.0.2.1", port: 1), maximumMessage: 1000)
  }

  /// Runs a test with loops, which are ended after it.
  private func withLoops(_ count: Int = 1, _ body: ([EventLoop]) async throws -> Void) async throws {
    let group = try EventLoopGroup(count: count, logger: log)
    do { try await body(group.loops) } catch {
      await group.shutdown()
      throw error
    }
    await group.shutdown()
  }

  @Test("calls share a connection up to its bound; one more has another, and a place that is free is used again")
  func bound() async throws {
    try await withLoops { loops in
      let channels = try channels()
      var leases: [BotChannels.Lease] = []
      for _ in 0..<BotChannels.callsPerChannel { leases.append(try await channels.lease(on: loops[0])) }
      #expect(leases.allSatisfy { $0.channel === leases[0].channel })
      let further = try await channels.lease(on: loops[0])
      #expect(further.channel !== leases[0].channel)
      channels.giveBack(leases[1], isTrusted: true)
      #expect(try await channels.lease(on: loops[0]).channel === leases[0].channel)
      #expect(try await channels.lease(on: loops[0]).channel === further.channel)
    }
  }

  @Test("each loop has connections of its own")
  func loops() async throws {
    try await withLoops(2) { loops in
      let channels = try channels()
      let (first, second) = (try await channels.lease(on: loops[0]), try await channels.lease(on: loops[1]))
      #expect(first.channel !== second.channel)
      #expect(first.channel.loop === loops[0] && second.channel.loop === loops[1])
    }
  }

  @Test("a connection on which nothing was heard has no further call, and the calls on it go on")
  func mistrusted() async throws {
    try await withLoops { loops in
      let channels = try channels()
      let (dead, other) = (try await channels.lease(on: loops[0]), try await channels.lease(on: loops[0]))
      channels.giveBack(dead, isTrusted: false)
      let fresh = try await channels.lease(on: loops[0])
      #expect(other.channel === dead.channel && fresh.channel !== dead.channel)
      // A call of the old connection that heard something does not make it good again.
      channels.giveBack(other, isTrusted: true)
      #expect(try await channels.lease(on: loops[0]).channel === fresh.channel)
    }
  }

  @Test("the last good connection is kept for the next call; of several without calls one is enough")
  func kept() async throws {
    try await withLoops { loops in
      let channels = try channels()
      let first = try await channels.lease(on: loops[0])
      channels.giveBack(first, isTrusted: true)
      var leases: [BotChannels.Lease] = []
      for _ in 0...BotChannels.callsPerChannel { leases.append(try await channels.lease(on: loops[0])) }
      let second = try #require(leases.last)
      #expect(leases[0].channel === first.channel && second.channel !== first.channel)
      for lease in leases.dropLast() { channels.giveBack(lease, isTrusted: true) }
      #expect(try await channels.lease(on: loops[0]).channel === second.channel)
    }
  }

  @Test("an endpoint whose certificates cannot be read is an error that names the file")
  func certificates() {
    var endpoint = BotEndpoint(host: "192.0.2.1", port: 1, isSecure: true)
    endpoint.tls.ca = "/nowhere/roots.pem"
    let error = #expect(throws: EngineError.self) { try BotChannels(endpoint, maximumMessage: 1000) }
    #expect(error?.code == .unusable && error?.message.hasPrefix("/nowhere/roots.pem ") == true)
  }

  @Test("EngineLoop is the loop of the running task; a task of no loop has one that stays the same")
  func engineLoop() async throws {
    try await withLoops { loops in
      let spare = try EngineLoop.current(log: log)
      #expect(spare !== loops[0])
      #expect(try EngineLoop.current(log: log) === spare)
      let own = try await withTaskExecutorPreference(loops[0]) { try await current() }
      #expect(own === loops[0])
    }
  }

  /// Runs where its task prefers to.
  @concurrent private func current() async throws -> EventLoop { try EngineLoop.current(log: log) }
}
