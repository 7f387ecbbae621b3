import GRPCTransport
import Locking
import Logging
import Wire

@testable import BotEngines

/// A server of `Protos/bot.proto` in this process: what it is sent is noted, and what it does then is the test's.
final class LoopbackBot: Sendable {
  /// What the server was sent on one RPC.
  struct Stream: Sendable {
    var headers: Metadata
    var messages: [[UInt8]] = []

    /// The kinds of the messages, by the numbers of their fields.
    var kinds: [UInt32] {
      get throws { try messages.map { try LoopbackBot.read($0) { $0.event_case.rawValue } } }
    }
  }

  static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  let endpoint: BotEndpoint
  private let group: EventLoopGroup
  private let server: GRPCServer
  private let noted: Awaited<[Stream]>

  /// - Parameter react: what is done after a message, with the numbers, from 0, of the RPC and of the message in it.
  private init(_ react: @escaping @Sendable (ServerCall, _ stream: Int, _ message: Int) -> Void) throws {
    let noted = Awaited<[Stream]>([])
    self.noted = noted
    group = try EventLoopGroup(count: 1, logger: Self.log)
    server = GRPCServer(
      configuration: .init(listeners: [.init(address: "127.0.0.1:0", security: .plaintext)]), loops: group,
      methods: [
        ServerMethod(path: GRPCBotEngine.path) { call in
          let number = noted.change { streams in
            streams.append(Stream(headers: call.metadata))
            return streams.count - 1
          }
          return Handler(call) { bytes in
            let message = noted.change { streams in
              streams[number].messages.append(bytes)
              return streams[number].messages.count - 1
            }
            react(call, number, message)
          }
        }
      ], logger: Self.log)
    endpoint = BotEndpoint(url: "http://127.0.0.1", host: "127.0.0.1", port: try server.start().first ?? 0)
  }

  /// Runs a test with a server, which is ended after it, whatever happened.
  static func run(
    _ react: @escaping @Sendable (ServerCall, _ stream: Int, _ message: Int) -> Void = { _, _, _ in },
    _ body: (LoopbackBot) async throws -> Void
  ) async throws {
    let bot = try LoopbackBot(react)
    let result: Result<Void, any Error>
    do { result = .success(try await body(bot)) } catch { result = .failure(error) }
    await bot.server.shutdown(grace: .zero)
    await bot.group.shutdown()
    try result.get()
  }

  /// All RPCs, once they are as a test waits for.
  func streams(once isReached: @escaping @Sendable ([Stream]) -> Bool = { _ in true }) async -> [Stream] {
    await noted.first { isReached($0) ? $0 : nil } ?? []
  }

  /// Reads a message.
  static func read<R>(_ bytes: [UInt8], _ body: (Patchbay__Bot__ServerMessage) throws -> R) throws -> R {
    let decoder = MessageDecoder<Patchbay__Bot__ServerMessage>(
      WireSchema(patchbay__bot__server_message__init, limits: .request))
    let message = try bytes.span.bytes.withUnsafeBytes { try decoder.decode($0) }
    return try body(message.pointer.pointee)
  }

  /// Half-closes are answered with OK.
  private final class Handler: CallHandler {
    private let call: ServerCall
    private let note: ([UInt8]) -> Void

    init(_ call: ServerCall, _ note: @escaping ([UInt8]) -> Void) {
      self.call = call
      self.note = note
      call.startReading()
    }

    func received(_ bytes: UnsafeRawBufferPointer) { note(Array(bytes)) }
    func halfClosed() { call.finish() }
    func ended(_ end: RPCEnd) {}
  }
}
