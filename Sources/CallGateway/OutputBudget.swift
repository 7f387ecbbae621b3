import Synchronization

/// Memory for bots' output that waits in all conversations together, beyond what every conversation may hold anyway.
///
/// Where it is used up nothing is dropped: bots are asked to pause earlier, as long as others hold more than their share.
final class OutputBudget: Sendable {
  /// Bytes that a conversation may hold without asking.
  static let free = 262_144

  /// What a conversation holds at most where the budget is used up, in bytes: its bot is asked to pause.
  static let scarceFull = 196_608
  /// With no more than this the bot may go on then.
  static let scarceRoomy = 65_536

  /// That of the process: 192 MB. What sockets hold of messages that are not read yet has its own bound.
  static let shared = OutputBudget(192 << 20)

  private let limit: Int
  private let used = Atomic<Int>(0)

  init(_ limit: Int) { self.limit = limit }

  /// Whether there is nothing left.
  var isUsedUp: Bool { used.load(ordering: .relaxed) >= limit }

  /// A conversation holds so many bytes more, or less, than before beyond what is free.
  func add(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
}

/// What one conversation holds of an ``OutputBudget``, and whether its bot is to pause.
struct OutputShare {
  private let budget: OutputBudget
  private var held = 0
  /// Whether the bot was asked to pause.
  private(set) var isFull = false

  init(of budget: OutputBudget = .shared) { self.budget = budget }

  /// Takes note of what waits now.
  ///
  /// - Parameters:
  ///   - waiting: bytes of output that wait to be sent.
  ///   - full: with this many the bot is to pause, whatever the budget says.
  ///   - roomy: with no more than this many it may go on.
  /// - Returns: whether ``isFull`` has changed.
  mutating func settle(waiting: Int, full: Int, roomy: Int) -> Bool {
    let more = max(waiting - OutputBudget.free, 0) - held
    if more != 0 {
      held += more
      budget.add(more)
    }
    let wasFull = isFull
    let isScarce = budget.isUsedUp
    if isFull {
      isFull = waiting > (isScarce ? min(roomy, OutputBudget.scarceRoomy) : roomy)
    } else {
      isFull = waiting >= (isScarce ? min(full, OutputBudget.scarceFull) : full)
    }
    return isFull != wasFull
  }
}
