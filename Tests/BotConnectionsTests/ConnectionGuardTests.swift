import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import BotConnections

@Suite("A guard carries a connection to its server and back, and says why there is none", .serialized)
struct ConnectionGuardTests {
  private static func guardian(port: Int, connect: Duration = .seconds(2)) throws -> ConnectionGuard {
    try ConnectionGuard(
      host: "127.0.0.1", port: port, tls: nil, serverName: nil, connectTimeout: connect,
      limits: GuardLimits(maximumMessage: 1_000))
  }

  /// What a client of this process gets that says `said`, until the end of the connection.
  private static func talk(to guardian: ConnectionGuard, _ said: [UInt8] = Frames.preface) throws -> [UInt8] {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(guardian.target.utf8.dropFirst("unix-abstract:".utf8.count))
    withUnsafeMutableBytes(of: &address.sun_path) { for (place, byte) in name.enumerated() { $0[place + 1] = byte } }
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(3 + name.count)) }
    }
    try #require(connected == 0)
    _ = write(descriptor, said, said.count)
    var got: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = read(descriptor, &part, part.count)
      if count <= 0 { return got }
      got += part[..<count]
    }
  }

  @Test("What the server says arrives to its last byte, also where it closes right after it")
  func carries() async throws {
    let frames = (0..<20).flatMap { _ in Frames.data(3, Array(repeating: 9, count: 16_000)) }
    let server = try await RawServer(says: Frames.settings + Frames.frame(0xB7, [1]) + frames, closes: true)
    let guardian = try Self.guardian(port: server.port)
    #expect(try Self.talk(to: guardian) == Frames.settings + frames)
    #expect(guardian.failure == "it closed the connection")
    try await server.stop()
  }

  @Test("A server that floods is closed, and the reason is known before the end is seen")
  func flood() async throws {
    let ping = Frames.frame(6, Array(repeating: 0, count: 8))
    let server = try await RawServer(says: Frames.settings + (0..<50_000).flatMap { _ in ping }, closes: false)
    let guardian = try Self.guardian(port: server.port)
    #expect(try Self.talk(to: guardian).count < 2_000 * ping.count)
    #expect(guardian.failure == FrameError.controlFlood(frame: "PING", limit: 1_000).description)
    try await server.stop()
  }

  @Test("Nobody listens, nobody speaks, somebody speaks something else")
  func failures() async throws {
    let server = try await RawServer(says: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), closes: true)
    var guardian = try Self.guardian(port: server.port)
    #expect(try Self.talk(to: guardian).isEmpty)
    #expect(guardian.failure == "it does not speak HTTP/2")
    try await server.stop()
    let began = ContinuousClock.now
    guardian = try Self.guardian(port: server.port)
    #expect(try Self.talk(to: guardian).isEmpty)
    #expect(guardian.failure == "127.0.0.1:\(server.port) refuses the connection")
    #expect(ContinuousClock.now - began < .milliseconds(500))
    let mute = try await RawServer(says: [], closes: false)
    guardian = try Self.guardian(port: mute.port, connect: .milliseconds(200))
    #expect(try Self.talk(to: guardian).isEmpty)
    #expect(
      guardian.failure == "127.0.0.1:\(mute.port) takes the connection, and says nothing within 200 ms")
    try await mute.stop()
    let unknown = try ConnectionGuard(
      host: "no-such-host.invalid", port: 1, tls: nil, serverName: nil, connectTimeout: .seconds(5),
      limits: GuardLimits(maximumMessage: 1_000))
    #expect(try Self.talk(to: unknown).isEmpty)
    #expect(unknown.failure == "no-such-host.invalid has no address")
  }
}

/// A TCP server that says something to everybody who connects.
private struct RawServer {
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let channel: any Channel
  let port: Int

  init(says bytes: [UInt8], closes: Bool) async throws {
    channel = try await ServerBootstrap(group: Self.group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Speaker(bytes, closes)) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  func stop() async throws { try await channel.close() }

  private final class Speaker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let bytes: [UInt8]
    private let closes: Bool

    init(_ bytes: [UInt8], _ closes: Bool) {
      self.bytes = bytes
      self.closes = closes
    }

    /// It waits for the first word, so that closing does not reset the connection.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let channel = context.channel
      channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { [closes] _ in
        if closes { channel.close(mode: .output, promise: nil) }
      }
    }
  }
}
