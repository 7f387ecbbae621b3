import BotEngine
import GRPCTransport
import Locking

/// Carries a bot's commands to its conversation's loop, from whatever thread they come.
///
/// A bot on the loop's own thread, where its task runs by preference, is taken at its word at once. Commands from
/// elsewhere wait in a bounded queue: beyond the bound they are dropped and counted.
final class BotInbox: Sendable {
  typealias Receiver = @Sendable (_ command: BotCommand, _ turn: Int) -> Void

  private struct Queue {
    var commands: [(BotCommand, Int)] = []
    var bytes = 0
    var isDraining = false
    var isFull = false
  }

  /// A bot that runs ahead of a busy loop by more than this has a fault. One command is taken however large it is:
  /// its memory is spent already.
  static let maximumBytes = 8_000_000
  static let maximumCommands = 32_768
  /// With this many bytes waiting the bot is asked to pause.
  static let fullBytes = 65_536

  private let loop: any LoopExecutor
  private let receiver: Receiver
  private let queue = Locked(Queue())
  private let room: OutputRoom
  private let onDrop: @Sendable (BotCommand) -> Void

  /// The receiver is called on the loop, `onDrop` on the bot's thread for each command that found no space.
  init(
    loop: any LoopExecutor, room: OutputRoom, onDrop: @escaping @Sendable (BotCommand) -> Void,
    receiver: @escaping Receiver
  ) {
    self.loop = loop
    self.room = room
    self.onDrop = onDrop
    self.receiver = receiver
  }

  func send(_ command: BotCommand, turn: Int) {
    if loop.isCurrent {
      drain()
      receiver(command, turn)
      return
    }
    let size = command.size
    let mustWake = queue.withLock { queue -> Bool? in
      guard queue.commands.isEmpty || queue.bytes + size <= Self.maximumBytes,
        queue.commands.count < Self.maximumCommands
      else { return nil }
      queue.commands.append((command, turn))
      queue.bytes += size
      if !queue.isFull, queue.bytes >= Self.fullBytes {
        queue.isFull = true
        room.set(.inbox, isFull: true)
      }
      defer { queue.isDraining = true }
      return !queue.isDraining
    }
    guard let mustWake else {
      onDrop(command)
      return
    }
    if mustWake { loop.execute { [self] in drain() } }
  }

  private func drain() {
    let commands = queue.withLock { queue -> [(BotCommand, Int)] in
      if queue.isFull { room.set(.inbox, isFull: false) }
      defer { queue = Queue() }
      return queue.commands
    }
    for (command, turn) in commands { receiver(command, turn) }
  }
}

extension BotCommand {
  /// About how much memory the command holds, in bytes.
  fileprivate var size: Int {
    switch self {
    case .audio(let audio):
      (audio.text?.utf8.count ?? 0)
        + {
          switch audio.content {
          case .mulaw(let bytes): bytes.count
          case .linear(let samples, _): samples.count * 2
          }
        }()
    case .text(let text, _, _), .transcript(_, let text), .keep(let text): text.utf8.count
    default: 64
    }
  }
}
