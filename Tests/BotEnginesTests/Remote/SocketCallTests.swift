import BotEngine
import Locking
import Testing
import WebSocketClient
import WebSockets

@testable import BotEngines

@Suite("A SocketCall joins a call's events, its bot's messages and the clock")
struct SocketCallTests {
  /// A bot of texts: `end` is a farewell, `bad` what its protocol does not allow, `tick` asks for the clock.
  private struct Texts: SocketConversation {
    static let mayClose = true
    var ignored = 0
    var flood = FloodWatch(isHeardAtOnce: true)
    var nextTick: Duration?
    var figures: [String: Int] { ["ignored": ignored] }
    var acceptsGuesses = true

    static func read(_ message: WebSocketMessage) -> String { String(decoding: message.bytes, as: UTF8.self) }

    mutating func receive(_ event: CallerEvent, now: Duration) -> [SocketAction] {
      switch event {
      case .audio: [.sendAudio(Array("audio".utf8))]
      case .digits(let digits): [.send(Array(digits.utf8))]
      case .ended: [.send(Array("bye".utf8)), .finish]
      default: []
      }
    }

    mutating func receive(_ event: TurnEvent, now: Duration) -> [SocketAction] { [.send(Array("\(event)".utf8))] }

    mutating func receive(_ message: String, bytes: Int, now: Duration) -> [SocketAction] {
      switch message {
      case "end": return [.command(.end)]
      case "bad": return [.fail(BotFailure(.garbage, "no message"))]
      case "tick": nextTick = now + .seconds(2)
      case "flood":
        _ = flood.spoke(.seconds(700), now: now)
        return [.command(.text("much", bargeIn: true))]
      case "?": ignored += 1
      default: return [.command(.text(message, bargeIn: true))]
      }
      return []
    }

    mutating func tick(now: Duration, isHeldUp: Bool) -> [SocketAction] {
      nextTick = nil
      return [.command(.endTurn(nil))]
    }
  }

  /// A WebSocket in memory.
  private final class Socket: BotSocket {
    struct State {
      var arrived: [Result<WebSocketMessage, WebSocketError>] = []
      var sent: [String] = []
      var isOpen = true
      var isHeldUp = false
      var hasRoom = true
    }

    let state = Awaited(State())
    var isOpen: Bool { state.withLock { $0.isOpen } }
    var isHeldUp: Bool { state.withLock { $0.isHeldUp } }
    var droppedMessages: Int { 7 }

    func send(_ bytes: [UInt8], as kind: WebSocketMessage.Kind) -> Bool {
      state.withLock { state in
        if state.hasRoom { state.sent.append(String(decoding: bytes, as: UTF8.self)) }
        return state.hasRoom
      }
    }

    func receive(isolation actor: isolated (any Actor)?) async throws(WebSocketError) -> WebSocketMessage? {
      let next = await state.first(isolation: actor) { $0.arrived.isEmpty ? nil : $0.arrived.removeFirst() }
      guard let next else { throw WebSocketError(.cancelled, "cancelled") }
      return try next.get()
    }
  }

  private let connection = FakeConnection()
  private let socket = Socket()

  private func begin() {
    connection.begin { [connection, socket] call in
      let held = SocketCall(call, over: socket, Texts(), by: connection.loops.loops[0])
      do { try await held.hold(opening: [.send(Array("hello".utf8))]) } catch {
        return HeldBotCall.End(failure: error as? BotFailure ?? BotFailure(.refused, "\(error)"), hasHeard: true)
      }
      let figures = await held.figures
      return HeldBotCall.End(failure: nil, hasHeard: figures == ["ignored": 0, "unsent": 7])
    }
  }

  private func say(_ text: String) { arrive(.success(WebSocketMessage(kind: .text, bytes: Array(text.utf8)))) }
  private func close(_ code: Int = 1000) {
    arrive(.failure(WebSocketError(.closed, "The bot closed the socket.", closeCode: code)))
  }
  private func arrive(_ what: Result<WebSocketMessage, WebSocketError>) {
    socket.state.change { $0.arrived.append(what) }
    connection.loops.settle()
  }
  private var sent: [String] { socket.state.withLock { $0.sent } }

  @Test("the opening goes first, events follow, messages become commands, and the call's end is the end")
  func whole() {
    begin()
    connection.tell(.hush)
    connection.tell(.digits("12"))
    say("hello")
    #expect(sent == ["hello", "audio", "12"] && connection.commands == ["text"])
    connection.tell(.ended(.hangup))
    #expect(sent.last == "bye" && connection.end?.failure == nil && connection.end?.hasHeard == true)
  }

  @Test("the bot's time passes on the call's clock")
  func tick() {
    begin()
    say("tick")
    connection.advance(by: .milliseconds(1_999))
    #expect(connection.commands.isEmpty)
    connection.advance(by: .milliseconds(1))
    #expect(connection.commands == ["endTurn"])
    connection.advance(by: .seconds(60))
    #expect(connection.commands == ["endTurn"], "there is nothing to wait for")
    say("tick")
    connection.advance(by: .seconds(2))
    #expect(connection.commands.count == 2)
  }

  @Test("a bot that closes in good order is waited for a second: its hang-up may come by other means")
  func closed() {
    begin()
    close()
    connection.advance(by: .milliseconds(999))
    #expect(connection.end == nil)
    connection.advance(by: .milliseconds(1))
    #expect(connection.end?.failure == nil && connection.end != nil)
  }

  @Test(
    "after a farewell a socket that closes is no failure: the caller hears the bot out, and the end comes as an event")
  func farewell() {
    begin()
    say("end")
    socket.state.withLock { $0.isOpen = false }
    close(1006)
    connection.advance(by: .seconds(30))
    #expect(connection.end == nil)
    connection.tell(.ended(.ended))
    connection.advance(by: .milliseconds(100))
    #expect(connection.end?.failure == nil && connection.end != nil)
  }

  @Test("a socket that is lost, and what the protocol does not allow, fail the call")
  func failures() {
    begin()
    arrive(.failure(WebSocketError(.lost, "The connection broke.")))
    #expect(connection.end?.failure?.kind == .closed)
    let other = SocketCallTests()
    other.begin()
    other.say("bad")
    #expect(other.connection.end?.failure?.kind == .garbage)
  }

  @Test("a bot that reads nothing is sent no more audio, and fails the call where it misses an event")
  func unread() {
    begin()
    socket.state.withLock { $0.hasRoom = false }
    connection.tell(.hush)
    #expect(connection.end == nil)
    connection.tell(.digits("1"))
    #expect(connection.end?.failure?.message == "The bot reads nothing of what it is sent.")
  }

  @Test("a bot ahead of its caller is not read until there is room, however long that takes")
  func full() {
    begin()
    connection.set(isFull: true)
    say("one")
    say("two")
    connection.advance(by: .seconds(60))
    #expect(connection.commands == ["text"] && connection.end == nil)
    connection.set(isFull: false)
    #expect(connection.commands == ["text", "text"])
  }

  @Test("one that is faster than speech and still has more to say after five seconds floods")
  func flood() {
    begin()
    connection.set(isFull: true)
    socket.state.withLock { $0.isHeldUp = true }
    say("flood")
    connection.advance(by: .seconds(5))
    #expect(connection.end == nil)
    connection.advance(by: .milliseconds(100))
    #expect(connection.end?.failure?.kind == .flooded)
  }

  @Test("a leave that is taken while the turn may be over comes to nothing where the caller goes on")
  func eager() {
    begin()
    connection.events.deliver(.mayBeOver(offset: 0), turn: 1)
    connection.loops.settle()
    say("end")
    connection.events.deliver(.resumed, turn: 1)
    connection.loops.settle()
    arrive(.failure(WebSocketError(.lost, "The connection broke.")))
    #expect(connection.end?.failure?.kind == .closed)
  }
}

extension ManualLoop: EngineClock {
  func sleep(for time: Duration) async throws {
    let isDue = Awaited(false)
    execute { _ = self.schedule(after: time) { isDue.change { $0 = true } } }
    guard await isDue.first({ $0 ? true : nil }) == true else { throw CancellationError() }
  }
}
