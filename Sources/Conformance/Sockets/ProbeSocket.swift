import Basics
import Locking
import ReplayKit
import WebSocketClient
import WebSockets

/// One socket to a server, with all that came on it.
final class ProbeSocket: Sendable {
  /// How the socket ended, where the server or the network ended it.
  struct End: Sendable, Equatable {
    /// The close frame's code; `nil` where there was none.
    var closeCode: Int?
    /// For people.
    var text: String
    /// Whether RFC 6455 pings were not answered.
    var isDeaf = false
  }

  private struct State: Sendable {
    var check: SocketMessageCheck
    var sights: [SocketSight] = []
    var texts: [[UInt8]] = []
    var lines: [(at: Duration, line: String)] = []
    var breaches: [SocketSight.Breach] = []
    var end: End?
  }

  /// What is kept of what a server sends.
  private static let mostMessages = 10_000

  private let socket: WebSocket
  private let began: Int64
  private let state: Locked<State>

  private init(_ socket: WebSocket, conversation: String) {
    self.socket = socket
    began = MonotonicClock.nanoseconds
    state = Locked(
      State(
        check: SocketMessageCheck(conversation: conversation), lines: [(.zero, "caller  opens the socket")]))
  }

  /// Opens a socket.
  ///
  /// - Parameters:
  ///   - isEnveloped: whether messages have the envelope of conversations.
  ///   - pings: time between pings of RFC 6455; `nil` sends none.
  static func open(
    _ route: SocketRoute, to address: WebSocketAddress, authorization: String?, conversation: String,
    isEnveloped: Bool = true, pings: Duration? = nil
  ) async throws(WebSocketError) -> ProbeSocket {
    var limits = SocketRoute.limits
    limits.pingInterval = pings
    // A message that is too long has to go out whole.
    limits.maximumUnsent = 8 << 20
    var headers = [(name: "trackingid", value: "conformance_\(RandomID.make())")]
    if let authorization { headers.append(("authorization", authorization)) }
    let socket = try await route.client.connect(to: address, headers: headers, limits: limits)
    let line = ProbeSocket(socket, conversation: conversation)
    Task {
      do throws(WebSocketError) {
        while let message = try await socket.receive() { line.received(message, isEnveloped: isEnveloped) }
      } catch { line.ended(error) }
    }
    return line
  }

  private var time: Duration { .nanoseconds(MonotonicClock.nanoseconds - began) }

  private func received(_ message: WebSocketMessage, isEnveloped: Bool) {
    let now = time
    state.withLock { state in
      guard state.texts.count < Self.mostMessages else { return }
      state.texts.append(message.bytes)
      var sight = SocketSight()
      if message.kind == .binary {
        sight.breaks("socket.text-frames", "A binary frame of \(message.bytes.count) bytes came.")
      } else if isEnveloped {
        sight = state.check.read(message.bytes)
      }
      state.sights.append(sight)
      state.breaches += sight.breaches
      state.lines.append((now, "server  " + (isEnveloped ? sight.line : "\(message.bytes.count) bytes of text")))
    }
  }

  private func ended(_ error: WebSocketError) {
    let now = time
    state.withLock { state in
      state.end = End(closeCode: error.closeCode, text: error.message, isDeaf: error.code == .timeout)
      state.lines.append((now, "server  " + error.message))
    }
  }

  // MARK: For the probe

  /// Sends a message, and notes what it is.
  func send(_ bytes: [UInt8], as kind: WebSocketMessage.Kind = .text, _ what: String? = nil) {
    socket.send(bytes, as: kind)
    guard let what else { return }
    let now = time
    state.withLock { $0.lines.append((now, "caller  " + what)) }
  }

  /// Closes at our wish.
  func close() { socket.close() }

  /// What came, from a message on.
  func sights(from index: Int = 0) -> ArraySlice<SocketSight> {
    state.withLock { $0.sights[min(index, $0.sights.count)...] }
  }

  /// The messages as they came.
  var texts: [[UInt8]] { state.withLock { $0.texts } }
  /// How many messages came.
  var count: Int { state.withLock { $0.sights.count } }
  /// What was wrong with them.
  var breaches: [SocketSight.Breach] { state.withLock { $0.breaches } }
  /// How the server ended the socket; `nil` while it is open.
  var end: End? { state.withLock { $0.end } }

  /// The last lines for a report: time, who, what.
  var lines: [String] {
    state.withLock { $0.lines.suffix(14) }.map { at, line in
      let number = String(Int(at.inMilliseconds))
      return String(repeating: " ", count: max(0, 6 - number.count)) + number + " ms  " + line
    }
  }

  /// Waits until something has come; false where the time is over or the server has ended the socket.
  func wait(_ limit: Duration, until isThere: (ProbeSocket) -> Bool) async -> Bool {
    let last = ContinuousClock.now + limit
    while true {
      let isOver = end != nil
      if isThere(self) { return true }
      guard !isOver, ContinuousClock.now < last, !Task.isCancelled else { return false }
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  /// The first response from a message on that is as wished, where one comes in time.
  func response(
    from index: Int, within limit: Duration = .seconds(10), _ isWished: (SocketSight.Response) -> Bool
  ) async -> SocketSight.Response? {
    var found: SocketSight.Response?
    _ = await wait(limit) { line in
      for sight in line.sights(from: index) {
        if case .response(let response) = sight.content, isWished(response) {
          found = response
          return true
        }
      }
      return false
    }
    return found
  }

  /// The answer to what was sent when so many messages had come.
  func answer(from index: Int, within limit: Duration = .seconds(10)) async -> SocketSight.Response? {
    await response(from: index, within: limit) { $0.isAnswer }
  }
}
