import Foundation
import GRPCTransport
import Testing

/// A Python with grpcio: `PATCHBAY_PYTHON`, or `python3` where it has the package.
enum ForeignClient {
  static let python = ProcessInfo.processInfo.environment["PATCHBAY_PYTHON"] ?? "python3"

  static let isPresent = (try? run("import grpc", arguments: []).status) == 0

  static func run(_ script: String, arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  /// Off the tasks' threads, for it blocks.
  static func call(_ script: String, arguments: [String]) async throws -> [String] {
    let output = try await withCheckedThrowingContinuation { done in
      Thread.detachNewThread { done.resume(with: Result { try run(script, arguments: arguments).output }) }
    }
    return output.split(separator: "\n").map(String.init)
  }
}

@Suite("A foreign client", .enabled(if: ForeignClient.isPresent), .timeLimit(.minutes(1)))
struct ForeignClientTests {
  private static let echo = """
    import grpc, sys
    target, roots = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(open(roots, 'rb').read())) if roots \\
        else grpc.insecure_channel(target)
    echo = channel.stream_stream('/test.Echo/Echo')
    answers = list(echo(iter([bytes([n]) * n for n in range(200)]), timeout=20))
    print(answers == [bytes([n]) * n for n in range(200)])
    def code(call):
        try:
            call()
            return 'OK'
        except grpc.RpcError as error:
            return error.code().name
    print(code(lambda: channel.unary_unary('/test.Echo/Missing')(b'', timeout=20)))
    print(code(lambda: channel.unary_unary('/test.Echo/Echo')(b'x' * 131073, timeout=20)))
    print(code(lambda: channel.unary_unary('/test.Echo/Echo')(b'x' * 1000, timeout=20,
        compression=grpc.Compression.Gzip)))
    print(channel.unary_unary('/test.Echo/Echo')(b'still here', timeout=20).decode())
    """
  private static let expected = ["True", "UNIMPLEMENTED", "INVALID_ARGUMENT", "UNIMPLEMENTED", "still here"]

  @Test("streams, is refused what it should not send, and is served on, over plaintext")
  func plaintext() async throws {
    try await withLoopback([EchoHandler.method]) { loopback in
      let lines = try await ForeignClient.call(Self.echo, arguments: ["127.0.0.1:\(loopback.port)"])
      #expect(lines == Self.expected)
    }
  }

  @Test("streams, is refused what it should not send, and is served on, over TLS")
  func tls() async throws {
    let certificates = try TestCertificates()
    let loopback = try Loopback(methods: [EchoHandler.method], security: .tls(certificates.server))
    let lines = try await ForeignClient.call(
      Self.echo, arguments: ["127.0.0.1:\(loopback.port)", certificates.path("ca.pem")])
    #expect(lines == Self.expected)
    await loopback.stop()
  }

  @Test("500 calls at once from a foreign client are all answered", arguments: [1, 2])
  func manyCalls(loops: Int) async throws {
    let script = """
      import grpc, sys
      channel = grpc.insecure_channel(sys.argv[1])
      call = channel.stream_stream('/test.Echo/Echo')
      calls = [call(iter([b'%d' % n, b'again']), timeout=30) for n in range(500)]
      print(all(list(c) == [b'%d' % n, b'again'] for n, c in enumerate(calls)))
      """
    try await withLoopback([EchoHandler.method], loops: loops) { loopback in
      let lines = try await ForeignClient.call(script, arguments: ["127.0.0.1:\(loopback.port)"])
      #expect(lines == ["True"])
    }
  }
}
