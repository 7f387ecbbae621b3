import NIOCore

/// The commands that one connection has sent and that are not answered, in their order: the next answer is the first
/// one's. A pure value; times are nanoseconds of a monotonic clock.
///
/// A command whose time is over keeps its place, so that its late answer is dropped and never taken for the next one's.
struct CommandPipeline<Waiter> {
  private struct Place {
    /// `nil` once its time is over.
    var waiter: Waiter?
    let deadline: Int64
    let sentAt: Int64
    let bytes: Int
  }

  /// What is done with an answer.
  enum Answered {
    /// It is this one's.
    case waiter(Waiter, took: Int64)
    /// The command's time is over.
    case late
    /// No command was sent.
    case unasked
  }

  private var places = CircularBuffer<Place>()
  /// At this time the first of them may be over; never later than that of any.
  private(set) var nextDeadline: Int64?

  /// Commands that are not answered.
  var count: Int { places.count }
  /// When the oldest of them was sent.
  var oldest: Int64? { places.first?.sentAt }

  /// A command is sent.
  mutating func sent(_ waiter: Waiter, bytes: Int, deadline: Int64, now: Int64) {
    places.append(Place(waiter: waiter, deadline: deadline, sentAt: now, bytes: bytes))
    nextDeadline = min(nextDeadline ?? deadline, deadline)
  }

  /// An answer came.
  ///
  /// - Returns: whose it is, and the bytes of its command.
  mutating func answered(now: Int64) -> (Answered, bytes: Int) {
    guard let place = places.popFirst() else { return (.unasked, 0) }
    guard let waiter = place.waiter else { return (.late, place.bytes) }
    return (.waiter(waiter, took: now - place.sentAt), place.bytes)
  }

  /// Those whose time is over now.
  mutating func expire(now: Int64) -> [Waiter] {
    guard let first = nextDeadline, now >= first else { return [] }
    var expired: [Waiter] = []
    var next: Int64?
    for index in places.indices {
      guard let waiter = places[index].waiter else { continue }
      if now >= places[index].deadline {
        expired.append(waiter)
        places[index].waiter = nil
      } else {
        next = min(next ?? .max, places[index].deadline)
      }
    }
    nextDeadline = next
    return expired
  }

  /// The connection is gone: those that still wait, and how many commands of how many bytes were not answered; those
  /// of no bytes do not count.
  mutating func drop() -> (waiters: [Waiter], counted: Int, bytes: Int) {
    let counted = places.reduce(0) { $0 + ($1.bytes > 0 ? 1 : 0) }
    let dropped = (places.compactMap(\.waiter), counted, places.reduce(0) { $0 + $1.bytes })
    places.removeAll()
    nextDeadline = nil
    return dropped
  }
}
