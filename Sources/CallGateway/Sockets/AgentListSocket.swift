import GRPCTransport
import WebexProtocol
import WebexSocketProtocol

/// The agents over a socket: bare JSON, a request and its response. The client closes; where it does not, the socket is
/// closed a while after the last response. On its loop.
final class AgentListSocket: SocketListener {
  /// From a response to the close.
  static let patience = Duration.seconds(5)

  private let socket: any CallerSocket
  private let list: AgentList
  private let gateway: VoiceGateway
  private let loop: any LoopExecutor
  private var timer: LoopTimer?
  private var isOver = false

  init(_ socket: any CallerSocket, _ list: AgentList, of gateway: VoiceGateway, on loop: any LoopExecutor) {
    self.socket = socket
    self.list = list
    self.gateway = gateway
    self.loop = loop
    gateway.sockets.enter()
    close(1008, after: gateway.limits.firstMessage)
  }

  func received(_ text: [UInt8]) {
    defer { socket.taken(bytes: text.count) }
    do {
      let response = try list.answer(ListAgentsRequest(socketText: text))
      guard socket.send(text: response.socketText, isLast: false) else { return close(1013) }
      close(1000, after: Self.patience)
    } catch {
      gateway.gate.metrics.refusedMessages.increment()
      close(SocketProtocolError(error).closeCode)
    }
  }

  func receivedBinary() { close(SocketProtocolError.binary.closeCode) }

  func ended(inOrder: Bool) {
    timer?.cancel()
    timer = nil
    guard !isOver else { return }
    isOver = true
    gateway.sockets.leave()
  }

  private func close(_ code: UInt16, after time: Duration) {
    timer?.cancel()
    timer = loop.schedule(after: time) { [weak self] in self?.close(code) }
  }

  private func close(_ code: UInt16) {
    timer?.cancel()
    timer = nil
    socket.close(code: code)
  }
}
