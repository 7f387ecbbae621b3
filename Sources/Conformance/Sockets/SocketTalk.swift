import BotEngine
import ReplayKit
import WebSocketClient
import WebSockets

/// A conversation over one socket, as a probe holds it.
struct SocketTalk: Sendable {
  let line: ProbeSocket
  var messages: SocketMessages

  /// Opens the socket of a fresh conversation, or of one that is there.
  static func open(
    _ bench: Bench, conversation: String = RandomID.make(), agent: String? = nil, pings: Duration? = nil
  ) async throws(WebSocketError) -> SocketTalk {
    guard let route = bench.plan.route.socket else { throw WebSocketError(.refused, "There is no WebSocket to call.") }
    let settings = bench.plan.settings
    return SocketTalk(
      line: try await .open(
        route, to: route.address, authorization: route.authorization, conversation: conversation, pings: pings),
      messages: SocketMessages(
        conversation: conversation, organization: settings.organization, agent: agent ?? settings.agent))
  }

  /// Plays a case with a conversation that was greeted; without the greeting its rules are skipped.
  static func greeted(
    _ bench: Bench, _ rules: [String], pings: Duration? = nil, _ play: (inout SocketTalk) async throws -> [Judgement]
  ) async throws -> [Judgement] {
    var talk: SocketTalk
    do throws(WebSocketError) { talk = try await open(bench, pings: pings) } catch {
      return rules.map { .skipped($0, "The socket did not open: \(error.message)") }
    }
    defer { talk.line.close() }
    guard await talk.start() else { return rules.map { .skipped($0, "The conversation was not greeted.") } }
    return try await play(&talk) + talk.errorForm
  }

  // MARK: What a caller does

  /// Asks for the conversation, and waits for the greeting.
  mutating func start() async -> Bool {
    send(messages.event("SESSION_START"), "SESSION_START")
    return await line.answer(from: 0) != nil
  }

  func send(_ bytes: [UInt8], _ what: String) { line.send(bytes, what) }

  /// Says audio in real time, in messages of 100 ms.
  mutating func say(_ audio: [UInt8]) async {
    var next = ContinuousClock.now
    for start in stride(from: 0, to: audio.count, by: 800) {
      guard line.end == nil else { return }
      line.send(messages.audio(Array(audio[start..<min(start + 800, audio.count)])))
      next += .milliseconds(100)
      try? await Task.sleep(until: next, clock: .continuous)
    }
  }

  /// Is silent until something has come.
  mutating func keepSilent(_ limit: Duration, until isThere: (ProbeSocket) -> Bool) async -> Bool {
    let last = ContinuousClock.now + limit
    while ContinuousClock.now < last {
      if isThere(line) { return true }
      guard line.end == nil else { return false }
      line.send(messages.audio([UInt8](repeating: 0xFF, count: 800)))
      _ = await line.wait(.milliseconds(100), until: isThere)
    }
    return isThere(line)
  }

  // MARK: What is judged

  /// The ERROR that came last.
  var error: (code: String, status: Int)? {
    for sight in line.sights().reversed() {
      if case .error(let code, let status) = sight.content { return (code, status) }
    }
    return nil
  }

  /// The form of the ERROR messages, where any came.
  var errorForm: [Judgement] {
    let wrong = line.breaches.filter { $0.rule == "socket.error-form" }
    if let first = wrong.first { return [.failed(first.rule, first.seen, line.lines)] }
    return error == nil ? [] : [.passed("socket.error-form")]
  }

  /// Whether the server gives the socket up with an ERROR and a close code.
  func givenUp(
    _ rule: String, _ code: String, _ status: Int? = nil, closeCode: Int, within limit: Duration = .seconds(5)
  ) async -> Judgement {
    let hasEnded = await line.wait(limit) { $0.end != nil }
    func fail(_ seen: String) -> Judgement { .failed(rule, seen, line.lines) }
    guard hasEnded, let end = line.end else { return fail("The socket stayed open for \(limit.components.seconds) s.") }
    guard let error else { return fail("It ended without an ERROR: \(end.text)") }
    guard error.code == code, status == nil || error.status == status else {
      return fail("The ERROR is \(error.code) \(error.status).")
    }
    guard end.closeCode == closeCode else {
      return fail("The close code is \(end.closeCode.map { "\($0)" } ?? "missing").")
    }
    return .passed(rule)
  }
}
