import BotEngine
import GRPCTransport
import Locking
import Logging

@testable import BotEngines

/// A connection to a bot, in memory, with the call that is held over it: the test is the bot, the gateway and the clock.
///
/// `@unchecked Sendable`: the test's thread alone touches it, as it does all of ``ManualLoops``.
final class FakeConnection: OutgoingConnection, @unchecked Sendable {
  /// One RPC to the bot: what it was sent is noted, what the bot says is called.
  final class RPC: OutgoingRPC {
    let path: String
    let metadata: Metadata
    private let loops: ManualLoops
    private var handler: (any ClientCallHandler)?
    private(set) var sent: [[UInt8]] = []
    private(set) var isHalfClosed = false
    private(set) var isCancelled = false
    private(set) var isReading = true
    let queuedBytes = 0
    /// Whether what the bot is sent finds room.
    var hasRoom = true

    fileprivate init(_ path: String, _ metadata: Metadata, _ loops: ManualLoops, _ handler: any ClientCallHandler) {
      self.path = path
      self.metadata = metadata
      self.loops = loops
      self.handler = handler
    }

    func send(_ message: UnsafeRawBufferPointer) -> Bool {
      if hasRoom { sent.append(Array(message)) }
      return hasRoom
    }

    func halfClose() { isHalfClosed = true }
    func startReading() { isReading = true }
    func pauseReading() { isReading = false }
    /// The end follows, as the transport tells it.
    func cancel() {
      guard !isCancelled else { return }
      isCancelled = true
      _ = loops.loops[0].schedule(after: .zero) { self.tellEnd(RPCStatus(.cancelled)) }
    }

    // MARK: The bot

    private func run(_ work: () -> Void) { loops.run(on: loops.loops[0], work) }
    func say(_ message: [UInt8]) { run { message.withUnsafeBytes { handler?.received($0) } } }
    func showHeaders(_ headers: Metadata) { run { handler?.receivedInitialMetadata(headers) } }
    func end(_ status: RPCStatus = .ok) { run { tellEnd(status) } }

    private func tellEnd(_ status: RPCStatus) {
      handler?.ended(status, trailingMetadata: [])
      handler = nil
    }
  }

  static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  let loops = ManualLoops()
  let events = CallerEvents()
  let room = OutputRoom()
  private(set) var rpcs: [RPC] = []
  private let noted = Locked<[(command: BotCommand, turn: Int)]>([])
  private let ended = Locked<HeldBotCall.End?>(nil)
  private var task: Task<Void, Never>?

  // MARK: The engine

  var executor: any LoopExecutor { loops.loops[0] }

  func open(_ path: String, _ metadata: Metadata, handler: any ClientCallHandler) -> (any OutgoingRPC)? {
    let rpc = RPC(path, metadata, loops, handler)
    rpcs.append(rpc)
    return rpc
  }

  // MARK: The call

  /// Begins to hold a call.
  func begin(_ hold: @escaping @Sendable (BotCall) async -> HeldBotCall.End) {
    let info = CallInfo(organization: "o", conversation: "c", agent: "a")
    let call = BotCall(info: info, events: events, room: room) { [noted] command, turn in
      noted.withLock { $0.append((command, turn)) }
    }
    task = Task(executorPreference: executor) { [ended] in
      let end = await hold(call)
      ended.withLock { $0 = end }
    }
    loops.settle()
  }

  /// What the engine had the gateway do, by the names of the commands.
  var commands: [String] {
    noted.withLock { $0 }.map { Mirror(reflecting: $0.command).children.first?.label ?? "\($0.command)" }
  }
  /// The turns that they belong to.
  var turns: [Int] { noted.withLock { $0.map(\.turn) } }
  /// How the call ended, once it has.
  var end: HeldBotCall.End? { ended.withLock { $0 } }

  func tell(_ event: CallerEvent, turn: Int = 1) {
    events.deliver(event, turn: turn)
    loops.settle()
  }

  func set(isFull: Bool) {
    room.set(.conversation, isFull: isFull)
    loops.settle()
  }

  func cancel() {
    task?.cancel()
    advance(by: .zero)
  }

  func advance(by time: Duration) { loops.advance(by: time) }
}

extension CallerEvent {
  /// A fiftieth of a second.
  static let hush = CallerEvent.audio(
    CallerAudio(samples: [Int16](repeating: 0, count: 160), sampleRate: 8000, offset: 0))
}
