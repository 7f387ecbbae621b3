import GRPCTransport

/// Sends every message back and finishes with OK at the half-close.
final class EchoHandler: CallHandler {
  let call: ServerCall
  var unsent: [[UInt8]] = []
  var isHalfClosed = false

  init(_ call: ServerCall) {
    self.call = call
    call.startReading()
  }

  static let method = ServerMethod(path: "/test.Echo/Echo") { EchoHandler($0) }

  func received(_ bytes: UnsafeRawBufferPointer) {
    if !unsent.isEmpty || !call.send(bytes) {
      unsent.append(Array(bytes))
      call.pauseReading()
    }
  }

  func halfClosed() {
    isHalfClosed = true
    finishIfDone()
  }

  func drained() {
    while let first = unsent.first, call.send(first) { unsent.removeFirst() }
    if unsent.isEmpty { call.startReading() }
    finishIfDone()
  }

  private func finishIfDone() {
    if isHalfClosed && unsent.isEmpty { call.finish() }
  }

  func ended(_ end: RPCEnd) {}
}
