import Glibc

/// One connection: a request is read, its answer sent, what still comes is thrown away until the client closes.
struct HTTPConnection {
  let descriptor: Int32
  /// On the steady clock, in nanoseconds.
  let deadline: Int64
  /// To be closed.
  var isOver = false

  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var sent = 0
  private var isAnswered = false
  private var discarded = 0

  /// Bytes that are read and thrown away after the answer.
  private static let maximumDiscarded = 1 << 20

  init(descriptor: Int32, deadline: Int64) {
    self.descriptor = descriptor
    self.deadline = deadline
  }

  /// Whether it waits to send, and not to read.
  var isSending: Bool { sent < output.count }

  /// Reads or sends what can be without waiting.
  mutating func advance(_ respond: (HTTPRequest) -> HTTPResponse) {
    if isSending { return send() }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else {
      isOver = count == 0 || ![EAGAIN, EINTR].contains(errno)
      return
    }
    if isAnswered {
      discarded += count
      isOver = discarded > Self.maximumDiscarded
      return
    }
    input.append(contentsOf: buffer[..<count])
    guard let answer = answer(respond) else { return }
    input = []
    output = answer
    isAnswered = true
    send()
  }

  private mutating func send() {
    let count = output.withUnsafeBytes { bytes in
      Glibc.send(descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
    }
    if count > 0 { sent += count } else if ![EAGAIN, EINTR].contains(errno) { isOver = true }
    // Closing with bytes unread would reset the connection, and the client might lose the answer.
    if !isSending { shutdown(descriptor, Int32(SHUT_WR)) }
  }

  /// The answer's bytes, once the request's head is complete or cannot be any more.
  private func answer(_ respond: (HTTPRequest) -> HTTPResponse) -> [UInt8]? {
    do {
      guard let length = try HTTPRequest.headLength(input) else { return nil }
      let request = try HTTPRequest(head: input.prefix(length))
      return respond(request).bytes(isHead: request.method == "HEAD")
    } catch {
      let response: HTTPResponse =
        switch error {
        case .badRequest: .text(400, "this is not an HTTP/1.1 request")
        case .tooLarge: .text(431, "the request's head is too large")
        case .versionNotSupported: .text(505, "HTTP/1.1 is spoken here")
        }
      return response.bytes()
    }
  }
}
