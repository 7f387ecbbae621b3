import Basics
import WebSocketClient
import WebSockets

/// What a call needs of its bot's WebSocket: ``WebSocket``, or in tests one in memory.
protocol BotSocket: Sendable {
  /// Whether neither side has closed it yet.
  var isOpen: Bool { get }
  /// Whether as much as may wait has come and was not taken.
  var isHeldUp: Bool { get }
  /// Messages that were refused.
  var droppedMessages: Int { get }
  /// Sends a message; false where there is no room for it.
  func send(_ bytes: [UInt8], as kind: WebSocketMessage.Kind) -> Bool
  /// The next message; `nil` once our own side has closed it.
  func receive(isolation actor: isolated (any Actor)?) async throws(WebSocketError) -> WebSocketMessage?
}

extension WebSocket: BotSocket {}

/// The time that an engine goes by: the machine's, or in tests one that is moved by hand.
protocol EngineClock: Sendable {
  /// The time since some fixed moment.
  var now: Duration { get }
  /// Waits; throws where the task is cancelled.
  func sleep(for time: Duration) async throws
}

/// The machine's.
struct MachineClock: EngineClock {
  var now: Duration { MonotonicClock.now() }
  func sleep(for time: Duration) async throws { try await Task.sleep(for: time) }
}
