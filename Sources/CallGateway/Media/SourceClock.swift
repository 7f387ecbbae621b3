/// Places one source's audio on its session's clock, from what the sender says of the time, or from when it came. A
/// value: everything in samples at the session's rate, 0 being the beginning of the session.
///
/// Audio goes on where it ended as long as the sender's time does not differ by more than ``tolerance``: clocks that are
/// read loosely make no clicks. A later time is a pause; an earlier one is audio that was placed already, as a leg
/// that comes again may repeat it. A sender whose times cannot be true is believed no longer, but by their differences.
struct SourceClock: Sendable {
  /// What to do with a piece of audio.
  struct Placement: Equatable {
    /// Samples at its beginning that were placed before and are to be left out; all of them where there is nothing new.
    var skip: Int
    /// Where the rest begins.
    var position: Int
  }

  private let rate: Int
  /// The place after the audio that was placed last.
  private(set) var end = 0
  private var hasBegun = false
  private var isResuming = false
  /// What is added to what the sender states.
  private var offset = 0
  /// When the first of the pieces came that were all left out in a row.
  private var repeatingSince: Int?

  /// Differences up to this are none.
  private var tolerance: Int { rate * 60 / 1000 }
  /// Without a stated time, audio that is this late was paused rather than delayed.
  private var longestDelay: Int { rate }
  /// A stated time that is further ahead of the arrival than this is not true.
  private var plausible: Int { 10 * rate }
  /// Nor is one that is further back than this: what is repeated is what was sent before a connection was lost.
  private var longestReplay: Int { 60 * rate }
  /// A sender that repeats for longer than this has set back its clock: what was sent before would come faster.
  private var longestRepetition: Int { 3 * rate }

  init(rate: Int) { self.rate = max(1000, rate) }

  /// The source was lost and comes again.
  mutating func resume() { isResuming = hasBegun }

  /// Places a piece.
  ///
  /// - Parameters:
  ///   - count: its samples.
  ///   - missing: samples of this source that are known to be lost right before it.
  ///   - stated: where the sender says that it begins.
  ///   - arrival: what the session's clock says now, when all of it has come.
  mutating func place(_ count: Int, missing: Int = 0, stated: Int? = nil, arrival: Int) -> Placement {
    let expected = end.addingReportingOverflow(max(0, missing)).overflow ? end : end + max(0, missing)
    var begin = stated.map { believable($0, count, expected, arrival) } ?? unstated(count, expected, arrival)
    var skip = 0
    if hasBegun {
      // Right after audio that was there already, the sender's time is taken at its word.
      if begin >= expected - (repeatingSince == nil ? tolerance : 0), begin <= expected + tolerance {
        begin = expected
      } else if begin < expected {
        if let since = repeatingSince, arrival - since > longestRepetition {
          offset += expected - begin
        } else {
          skip = min(count, expected - begin)
        }
        begin = expected
      }
    }
    repeatingSince = skip > 0 && skip == count ? repeatingSince ?? arrival : nil
    // Never further ahead than a gap may be filled.
    begin = max(end, min(begin, max(expected, arrival + plausible)))
    hasBegun = true
    isResuming = false
    if skip < count { end = begin + count - skip }
    return Placement(skip: skip, position: begin)
  }

  private mutating func believable(_ stated: Int, _ count: Int, _ expected: Int, _ arrival: Int) -> Int {
    let (begin, overflow) = stated.addingReportingOverflow(offset)
    let (ahead, tooFar) = begin.subtractingReportingOverflow(arrival)
    if !overflow, !tooFar, ahead <= plausible, ahead >= -longestReplay { return max(0, begin) }
    // From now on the sender's time is what it would be if this piece were on time.
    let placed = hasBegun ? expected : max(0, arrival - count)
    offset = placed.subtractingReportingOverflow(stated).partialValue
    return placed
  }

  private func unstated(_ count: Int, _ expected: Int, _ arrival: Int) -> Int {
    let late = max(0, arrival - count)
    if !hasBegun { return late }
    return isResuming || late - expected > longestDelay ? max(expected, late) : expected
  }
}

/// A session's clock: when it began, and what the sender's clock said then.
struct SessionClock: Sendable {
  private let rate: Int
  private let began: Duration
  private var stated: (sender: Int64, arrival: Int)?

  /// A clock that begins now.
  init(rate: Int, now: Duration) {
    self.rate = rate
    began = now
  }

  /// A moment in samples.
  func position(_ now: Duration) -> Int {
    Int(
      clamping: max(0, (now - began).nanoseconds / 1000).multipliedReportingOverflow(by: Int64(rate)).partialValue
        / 1_000_000)
  }

  /// What a sender's time, in microseconds, is on this clock. All sources of a session share one sender's clock; the
  /// first piece that states a time is taken to be on time.
  mutating func position(stated microseconds: Int64, count: Int, arrival: Int) -> Int {
    guard let stated else {
      let begin = max(0, arrival - count)
      stated = (microseconds, begin)
      return begin
    }
    let (difference, overflow) = microseconds.subtractingReportingOverflow(stated.sender)
    let (scaled, tooFar) = difference.multipliedReportingOverflow(by: Int64(rate))
    if overflow { return microseconds < 0 ? Int.min / 2 : Int.max / 2 }
    if tooFar { return difference < 0 ? Int.min / 2 : Int.max / 2 }
    return Int(scaled / 1_000_000) + stated.arrival
  }
}
