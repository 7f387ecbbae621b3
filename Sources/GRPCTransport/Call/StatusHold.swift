/// How long a finished call's status waits for the client to half-close.
///
/// Behind a status that leaves before the half-close, the C core resets the stream with NO_ERROR, as HTTP/2 has it
/// (RFC 9113, section 8.1). HAProxy 2.6 makes CANCEL of that and drops what it has not passed on yet of the messages
/// before it. So the messages leave at once and the status alone waits.
///
/// Where much was sent, the status also keeps a distance from the last message. HAProxy 2.6 takes it in only when it has
/// handed on what came before. If other streams of the connection fill its buffer meanwhile, it takes the status for a
/// frame that is too large, and ends the connection with all of its RPCs (`h2c_decode_headers`).
struct StatusHold {
  /// That distance: a proxy hands on what it has in far less.
  static let distance = Duration.milliseconds(10)
  /// What a call has to send for that, in bytes: a prompt. The status of a few bytes alone costs no timer.
  static let much = 1_024
  /// Of a call that was not read the half-close cannot be seen; this is the time that frames need that follow the
  /// headers, so that the call is whole when its status leaves.
  static let unread = Duration.milliseconds(100)
  /// Bytes that a client may still send meanwhile, which are read and thrown away; one that sends more is not waited for.
  static let mostDiscarded = 262_144

  /// Nothing is held.
  static let none = StatusHold(limit: .zero, lingering: .zero, isRead: false)

  private let limit: Duration
  private let lingering: Duration
  /// Whether the call was read, so that its half-close can be seen.
  let isRead: Bool
  /// When the last message had left.
  private var began: Int64?
  private var discarded = 0

  /// The status is held for `limit` at most, and for `lingering` at least; after `sent` bytes of messages.
  init(limit: Duration, lingering: Duration, isRead: Bool, sent: Int = 0) {
    self.limit = limit
    self.lingering = min(sent > Self.much ? max(lingering, Self.distance) : lingering, limit)
    self.isRead = isRead
  }

  /// Whether the status may leave together with what is sent now.
  func admitsStatus(isHalfClosed: Bool) -> Bool { limit == .zero || isHalfClosed && lingering == .zero }

  /// How much longer the status waits; `nil` where it need not.
  ///
  /// Half of the time to the call's deadline is the most: the other half is the status's way to the client.
  mutating func timeLeft(now: Int64, isHalfClosed: Bool, toDeadline: Duration?) -> Duration? {
    let passed = Duration.nanoseconds(now - (began ?? now))
    if began == nil { began = now }
    var time = isHalfClosed ? lingering : max(isRead ? limit : min(limit, Self.unread), lingering)
    time -= passed
    if let toDeadline { time = min(time, toDeadline / 2) }
    return time > .zero ? time : nil
  }

  /// A message came meanwhile. False where the client has sent more than is worth waiting for.
  mutating func discards(_ count: Int) -> Bool {
    discarded += min(count, Self.mostDiscarded + 1)
    return discarded <= Self.mostDiscarded
  }
}

/// The holds of one loop's calls, bounded: calls beyond the bounds get their status at once.
struct HoldPlaces {
  /// Calls that were read: two a second for each of 2,000 conversations.
  static let read = 4_096
  /// Calls that were refused without being read, which anybody can make: each keeps what its client has sent, up to
  /// the stream's window.
  static let unread = 256

  private var readCount = 0
  private var unreadCount = 0

  mutating func reserve(isRead: Bool) -> Bool {
    guard isRead ? readCount < Self.read : unreadCount < Self.unread else { return false }
    if isRead { readCount += 1 } else { unreadCount += 1 }
    return true
  }

  mutating func free(isRead: Bool) {
    if isRead { readCount -= 1 } else { unreadCount -= 1 }
  }
}
