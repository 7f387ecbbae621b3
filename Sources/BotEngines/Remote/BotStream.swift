import BotEngine
import GRPCTransport
import Metrics

/// What is said on the RPC of one call: turns events into messages, and messages into commands. On the RPC's loop only.
protocol BotDialect: AnyObject {
  /// What the RPC begins with.
  var opening: [UInt8]? { get }
  /// An event for the bot; `nil` where it is not told.
  func message(for event: EagerEvent, turn: Int) -> [UInt8]?
  /// A message of the bot's. Throws where it is not one; the call has failed then.
  func received(_ bytes: UnsafeRawBufferPointer) throws(BotFailure)
}

/// One RPC that lasts as long as its call, with a bot as the server.
///
/// As long as nothing was heard from the bot, an RPC that could not be made is tried again, with all that was said
/// before, until the time to connect has passed; not where the connection is refused. A bot that sends more than there
/// is room for is read no further until there is; one that does not read is not sent any more audio, and fails the call
/// where it misses an event.
///
/// `@unchecked Sendable`: everything but ``hold(_:)`` happens on the loop, where the channel's calls live.
final class BotStream: ClientCallHandler, @unchecked Sendable {
  /// What is kept for a second attempt, in bytes.
  private static let mostKept = 262_144

  private let channel: any OutgoingConnection
  private let path: String
  private let metadata: Metadata
  private let dialect: any BotDialect
  private let held = HeldBotCall()
  private let unread = Counter(label: "patchbay_bot_audio_unread_total")

  private var rpc: (any OutgoingRPC)?
  private var room: RoomWatch?
  private var retries: Retries
  private var retry: LoopTimer?
  /// What a second attempt has to say again; `nil` once there can be none.
  private var kept: [[UInt8]]? = []
  private var keptBytes = 0
  private var hasHeard = false
  private var isCallOver = false
  private var failure: BotFailure?

  init(
    channel: any OutgoingConnection, path: String, metadata: Metadata, patience: Duration, dialect: any BotDialect
  ) {
    self.channel = channel
    self.path = path
    self.metadata = metadata
    retries = Retries(since: channel.executor.now, patience: patience)
    self.dialect = dialect
  }

  /// Holds the call to its end, or to the bot's. Runs on the channel's loop; cancelling the task breaks the RPC off.
  func hold(_ call: BotCall) async -> HeldBotCall.End {
    channel.executor.preconditionIsCurrent()
    room = RoomWatch(call.room, on: channel.executor)
    open()
    if let opening = dialect.opening { send(opening) }
    return await held.hold(on: channel.executor, telling: call.eagerEvents) { [self] event in
      tell(event, turn: call.turn)
    } breakOff: { [self] in
      breakOff(nil)
    }
  }

  // MARK: To the bot

  private func open() { rpc = channel.open(path, metadata, handler: self) }

  private func tell(_ event: EagerEvent, turn: Int) {
    guard held.end == nil else { return }
    if case .caller(.ended) = event { isCallOver = true }
    if let message = dialect.message(for: event, turn: turn) {
      if case .caller(.audio) = event { send(message, mayBeLost: true) } else { send(message) }
    }
    if isCallOver {
      if rpc == nil { finish() } else { rpc?.halfClose() }
    }
  }

  private func send(_ message: [UInt8], mayBeLost: Bool = false) {
    if kept != nil {
      keptBytes += message.count
      if keptBytes <= Self.mostKept { kept?.append(message) } else { kept = nil }
    }
    guard let rpc, !rpc.send(message) else { return }
    if mayBeLost {
      unread.increment()
    } else {
      breakOff(BotFailure(.closed, "it reads nothing of what it is sent"))
    }
  }

  private func breakOff(_ failure: BotFailure?) {
    if self.failure == nil { self.failure = failure }
    kept = nil
    if let rpc { rpc.cancel() } else { finish() }
  }

  // MARK: From the bot

  func received(_ bytes: UnsafeRawBufferPointer) {
    hasHeard = true
    kept = nil
    guard failure == nil, !isCallOver else { return }
    do {
      try dialect.received(bytes)
    } catch {
      breakOff(error)
      return
    }
    room?.heard(on: rpc)
  }

  func receivedInitialMetadata(_ metadata: Metadata) {
    // The bot is there, whatever it says next.
    if !metadata.isEmpty { kept = nil }
  }

  func ended(_ status: RPCStatus, trailingMetadata: Metadata) {
    rpc = nil
    let ending = BotFailure(status, hasHeard: hasHeard)
    if ending.mayPass, !hasHeard, !isCallOver, failure == nil, tryAgain() { return }
    if failure == nil, !isCallOver { failure = ending }
    finish()
  }

  /// Opens the RPC anew after a while, where there is time.
  private func tryAgain() -> Bool {
    guard kept != nil, let pause = retries.next(at: channel.executor.now) else { return false }
    retry = channel.executor.schedule(after: pause) { [weak self] in
      guard let self, held.end == nil else { return }
      let said = kept ?? []
      open()
      for message in said where rpc?.send(message) == false { return }
    }
    return true
  }

  private func finish() {
    retry?.cancel()
    held.finish(HeldBotCall.End(failure: failure, hasHeard: hasHeard))
  }
}
