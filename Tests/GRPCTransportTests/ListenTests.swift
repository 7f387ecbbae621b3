import Certificates
import GRPCTransport
import Logging
import Testing

@Suite("Listening", .timeLimit(.minutes(1)))
struct ListenTests {
  private func start(_ listeners: [GRPCServer.Configuration.Listener], loops: EventLoopGroup) -> Result<
    [Int], ListenError
  > {
    let server = GRPCServer(
      configuration: .init(listeners: listeners), loops: loops, methods: [], logger: Logger(label: "test"))
    return Result { () throws(ListenError) in try server.start() }
  }

  @Test("a server that cannot listen says which address and why")
  func errors() async throws {
    try await withLoopback([]) { loopback in
      let taken = "127.0.0.1:\(loopback.port)"
      let missing = TLSFiles(certificate: "/nonexistent/server.pem", key: "/nonexistent/server.key")
      let cases: [(GRPCServer.Configuration.Listener, ListenError.Reason)] = [
        (.init(address: taken, security: .plaintext), .addressInUse),
        (.init(address: "192.0.2.1:0", security: .plaintext), .addressNotAvailable),
        (.init(address: "127.0.0.1", security: .plaintext), .invalidAddress),
        (.init(address: "127.0.0.1:99999", security: .plaintext), .invalidAddress),
        (.init(address: "127.0.0.1:", security: .plaintext), .invalidAddress),
        (.init(address: ":50051", security: .plaintext), .invalidAddress),
        (.init(address: "::1:50051", security: .plaintext), .invalidAddress),
        (
          .init(address: "127.0.0.1:0", security: .tls(missing)),
          .tlsFile(path: "/nonexistent/server.pem", problem: "cannot be read (No such file or directory)")
        ),
      ]
      for (listener, reason) in cases {
        guard case .failure(let error) = start([listener], loops: loopback.group) else {
          Issue.record("\(listener.address) was bound")
          continue
        }
        #expect(error.address == listener.address)
        #expect(error.reason == reason)
        #expect("\(error)" == "cannot listen on \(listener.address): \(reason)")
      }
    }
  }

  @Test("several listeners of one server each have a port")
  func severalListeners() async throws {
    let logger = Logger(label: "test")
    let group = try EventLoopGroup(logger: logger)
    let server = GRPCServer(
      configuration: .init(listeners: [
        .init(address: "127.0.0.1:0", security: .plaintext), .init(address: "[::1]:0", security: .plaintext),
      ]), loops: group, methods: [EchoHandler.method], logger: logger)
    let ports = try server.start()
    #expect(ports.count == 2 && ports.allSatisfy { $0 > 0 })
    for target in ["127.0.0.1:\(ports[0])", "[::1]:\(ports[1])"] {
      let channel = try GRPCChannel(
        target: target, loop: group.loops[0], options: .init(waitsForConnection: true))
      let answer = try await channel.unary(path: "/test.Echo/Echo", message: [1], deadline: .seconds(10))
      #expect(answer == [1])
      channel.close()
    }
    await server.shutdown(grace: .zero)
    await group.shutdown()
  }
}
