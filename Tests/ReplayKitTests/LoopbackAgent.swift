import GRPCTransport
import Logging
import Locking
import WebexProtocol

@testable import ReplayKit

/// A server in this process that hears speech after some frames of clip audio and answers, and keeps what it was sent.
final class LoopbackAgent: Sendable {
  struct RPC: Sendable {
    var metadata: Metadata
    var requests: [VoiceRequest] = []
    var isHalfClosed = false
    var end: RPCEnd?
  }

  let group: EventLoopGroup
  private let server: GRPCServer
  let port: Int
  private let record: Record

  /// What the RPCs of all calls share.
  fileprivate final class Record: Sendable {
    let rpcs = Locked<[RPC]>([])
    let refusal: RPCStatus?
    init(refusal: RPCStatus?) { self.refusal = refusal }
  }

  init(refusal: RPCStatus? = nil) throws {
    let record = Record(refusal: refusal)
    self.record = record
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    group = try EventLoopGroup(count: 1, logger: logger)
    let method = ServerMethod(path: CallRoute.path) { AgentHandler($0, record: record) }
    server = GRPCServer(
      configuration: .init(listeners: [.init(address: "127.0.0.1:0", security: .plaintext)]), loops: group,
      methods: [method], logger: logger)
    port = try server.start().first ?? 0
  }

  var target: String { "127.0.0.1:\(port)" }
  var rpcs: [RPC] { record.rpcs.withLock { $0 } }

  func stop() async {
    await server.shutdown(grace: .zero)
    await group.shutdown()
  }
}

private final class AgentHandler: CallHandler {
  private let call: ServerCall
  private let record: LoopbackAgent.Record
  private let decoder = VoiceRequestDecoder()
  private let index: Int
  private var loud = 0
  private var quiet = 0

  init(_ call: ServerCall, record: LoopbackAgent.Record) {
    self.call = call
    self.record = record
    let metadata = call.metadata
    index = record.rpcs.withLock { rpcs in
      rpcs.append(LoopbackAgent.RPC(metadata: metadata))
      return rpcs.count - 1
    }
    if let refusal = record.refusal { call.finish(refusal) } else { call.startReading() }
  }

  private func change(_ body: (inout LoopbackAgent.RPC) -> Void) { record.rpcs.withLock { body(&$0[index]) } }

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard let request = try? VoiceRequest(decoder.decode(bytes)) else {
      return call.finish(RPCStatus(.invalidArgument))
    }
    change { $0.requests.append(request) }
    switch request.input {
    case .none: break
    case .audio(let audio): hear(audio.bytes)
    case .dtmf: call.send(VoiceResponse.answer(milliseconds: 40).encoded())
    case .event(let event):
      switch event.kind {
      case .sessionStart, .noInput, .custom: call.send(VoiceResponse.answer(milliseconds: 60).encoded())
      case .sessionEnd: call.send(VoiceResponse().encoded())
      default: break
      }
    }
  }

  private func hear(_ bytes: [UInt8]) {
    if bytes.contains(where: { $0 != 0xFF }) {
      loud += 1
      if loud == 5 { call.send(VoiceResponse.startOfInput.encoded()) }
    } else if loud >= 5 {
      quiet += 1
      guard quiet == 5 else { return }
      call.send(VoiceResponse.endOfInput.encoded())
      call.send(VoiceResponse.answer(milliseconds: 80).encoded())
      call.finish()
    }
  }

  func halfClosed() {
    change { $0.isHalfClosed = true }
    call.finish()
  }

  func ended(_ end: RPCEnd) { change { $0.end = end } }
}
