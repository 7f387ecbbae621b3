/// The first part of every RPC of a health service: its one small message.
///
/// Nobody has shown a token, and the C core reads a message whole before it hands out any of it. So few wait at once,
/// and briefly: an honest client's message arrives with its headers.
final class HealthRequest: CallHandler {
  /// How long the message may take.
  static let messageTimeout = Duration.milliseconds(250)
  /// How long the half-close may take after the message.
  static let halfCloseTimeout = Duration.seconds(10)

  let call: ServerCall
  private let status: HealthStatus
  private let respond: (HealthRequest, String) -> Void
  private var place: Int?
  private var request: [UInt8]?
  private var timer: LoopTimer?

  /// Reads the request and hands over the service that it names; answers it by itself where it is malformed.
  init(_ call: ServerCall, status: HealthStatus, respond: @escaping (HealthRequest, String) -> Void) {
    self.call = call
    self.status = status
    self.respond = respond
    place = status.beginRequest(LoopBound(self, loop: call.loop), connection: call.peer)
    if place == nil {
      call.finish(RPCStatus(.unavailable, "the server is going down"))
      return
    }
    call.startReading()
    timer = call.loop.schedule(after: Self.messageTimeout) { [weak self] in self?.giveUp() }
  }

  /// Breaks the RPC off at once: a status would wait, and the core would read on meanwhile.
  func giveUp() {
    if request == nil { call.cancel() }
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    if request != nil { return call.finish(RPCStatus(.invalidArgument, "this method takes one message")) }
    if bytes.count > HealthMessages.longestRequest {
      return call.finish(
        RPCStatus(.resourceExhausted, "a message of over \(HealthMessages.longestRequest) bytes"))
    }
    request = Array(bytes)
    leave()
    timer?.cancel()
    timer = call.loop.schedule(after: Self.halfCloseTimeout) { [weak self] in
      self?.call.finish(RPCStatus(.deadlineExceeded, "no half-close within \(Self.halfCloseTimeout)"))
    }
  }

  func halfClosed() {
    leave()
    timer?.cancel()
    guard let request else { return call.finish(RPCStatus(.invalidArgument, "this method takes one message")) }
    do throws(RPCStatus) {
      respond(self, try HealthMessages.service(inRequest: request))
    } catch {
      call.finish(error)
    }
  }

  func ended(_ end: RPCEnd) {
    leave()
    timer?.cancel()
  }

  private func leave() {
    if let place { status.endRequest(place) }
    place = nil
  }
}
