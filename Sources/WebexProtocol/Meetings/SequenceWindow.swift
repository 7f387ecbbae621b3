/// Puts the packets of a numbered stream in order: one that comes early waits a little for those before it, one that
/// comes late is dropped, and what does not come in time is lost. A value: numbers and a clock in, decisions out.
///
/// A packet that is in order is never held, so it need not be copied.
public struct SequenceWindow<Packet> {
  /// What happened so far.
  public struct Counts: Sendable, Hashable {
    /// Numbers that never came in time.
    public var lost: UInt64 = 0
    /// Packets that came after their place was given up, or twice.
    public var late = 0
    /// Packets that came early and found their place.
    public var reordered = 0
    /// Times that the numbers began anew.
    public var restarts = 0
  }

  /// What to do with a packet that arrived.
  public enum Arrival: Equatable {
    /// It is the next one: take it now, then ask for ``SequenceWindow/next(now:)``.
    case next
    /// It is kept; ask for ``SequenceWindow/next(now:)``.
    case held
    /// It came too late, or twice: drop it.
    case late
    /// The sender counts anew: what was known of the past is of no use. Take it now.
    case restart
  }

  /// How many packets are held at most.
  public static var depth: Int { 8 }
  /// A jump by more than this is no loss: the sender counts anew.
  public static var longestJump: UInt64 { 3000 }
  /// So many late ones in a row are no accident: the sender counts anew.
  static var mostLate: Int { 50 }

  /// What happened so far.
  public private(set) var counts = Counts()
  private let patience: Duration
  private var expected: UInt64 = 1
  private var held: [(number: UInt64, packet: Packet, since: Duration)] = []
  private var lateInARow = 0

  /// A window that waits so long for what is missing.
  public init(patience: Duration = .milliseconds(60)) { self.patience = patience }

  /// When ``next(now:)`` has to be asked for at the latest, on the clock of `now`.
  public var deadline: Duration? { held.map(\.since).min().map { $0 + patience } }

  /// Takes note of a packet. `copy` is called where it has to wait.
  public mutating func arrive(_ number: UInt64, now: Duration, copy: () -> Packet) -> Arrival {
    if number == expected {
      expected &+= 1
      lateInARow = 0
      return .next
    }
    if number < expected {
      lateInARow += 1
      if expected - number <= Self.longestJump, lateInARow < Self.mostLate {
        counts.late += 1
        return .late
      }
      return restart(at: number)
    }
    if number - expected > Self.longestJump { return restart(at: number) }
    lateInARow = 0
    let place = held.firstIndex { $0.number >= number } ?? held.count
    if place < held.count, held[place].number == number {
      counts.late += 1
      return .late
    }
    held.insert((number, copy(), now), at: place)
    return .held
  }

  /// The next packet that waits no longer, and how many are lost before it. Ask until there is none.
  public mutating func next(now: Duration) -> (packet: Packet, number: UInt64, lost: Int)? {
    guard let first = held.first else { return nil }
    // The one that has waited longest decides, wherever it is in the order.
    let isOverdue = held.contains { $0.since + patience <= now } || held.count > Self.depth
    guard first.number == expected || isOverdue else { return nil }
    held.removeFirst()
    let lost = first.number - expected
    counts.lost &+= lost
    if lost == 0 { counts.reordered += 1 }
    expected = first.number &+ 1
    return (first.packet, first.number, Int(clamping: lost))
  }

  private mutating func restart(at number: UInt64) -> Arrival {
    counts.restarts += 1
    counts.late += held.count
    held = []
    lateInARow = 0
    expected = number &+ 1
    return .restart
  }
}

extension SequenceWindow: Sendable where Packet: Sendable {}
