/// How often the same message may be logged: so many lines in each second for each label and message, and what was left
/// out is counted. Time is a parameter, in nanoseconds of a steady clock.
///
/// A line with a tracking id is how one call is found: the limit is each call's own, so that a burst of calls loses no
/// line. Only authenticated callers have such lines, and the writer bounds what waits to be written.
struct LogRateLimit {
  /// Lines of one key in a window.
  static let linesPerWindow = 20
  /// The window, in nanoseconds.
  static let window: Int64 = 1_000_000_000
  /// Keys kept apart; further ones share one.
  static let maximumKeys = 1_024
  /// Keys with a tracking id that are watched at once; lines of further ones are not limited here.
  static let maximumCalls = 16_384

  /// What a line belongs to. Values that vary belong into metadata, not into the message.
  struct Key: Hashable {
    var label: String
    var message: String
    /// The call that the line tells of.
    var tracking: String?

    /// Where there are too many keys.
    static let other = Key(label: "log", message: "(further messages)")
  }

  /// Lines that were left out.
  struct Suppressed: Equatable {
    var key: Key
    var count: Int
  }

  private struct Window {
    var start: Int64
    var lines: Int
    var suppressed: Int
  }

  private var windows: [Key: Window] = [:]
  /// Windows of lines with tracking ids: they take no place of the others.
  private var calls: [Key: Window] = [:]
  private var swept: Int64 = .min

  /// Whether a line may be written now, and what was left out in windows that have ended since the last call.
  mutating func admit(_ key: Key, now: Int64) -> (isAdmitted: Bool, suppressed: [Suppressed]) {
    let suppressed = sweep(now: now)
    if key.tracking != nil {
      guard calls[key] != nil || calls.count < Self.maximumCalls else { return (true, suppressed) }
      return (Self.admit(&calls[key, default: Window(start: now, lines: 0, suppressed: 0)]), suppressed)
    }
    let key = windows[key] == nil && windows.count >= Self.maximumKeys ? .other : key
    return (Self.admit(&windows[key, default: Window(start: now, lines: 0, suppressed: 0)]), suppressed)
  }

  private static func admit(_ window: inout Window) -> Bool {
    let isAdmitted = window.lines < linesPerWindow
    if isAdmitted { window.lines += 1 } else { window.suppressed += 1 }
    return isAdmitted
  }

  /// All that was left out and not reported yet.
  mutating func finish() -> [Suppressed] {
    defer { (windows, calls) = ([:], [:]) }
    return windows.merging(calls) { first, _ in first }.compactMap {
      $1.suppressed > 0 ? Suppressed(key: $0, count: $1.suppressed) : nil
    }
  }

  /// Ends windows, at most ten times a second.
  private mutating func sweep(now: Int64) -> [Suppressed] {
    guard now >= swept &+ Self.window / 10 || swept > now || swept == .min else { return [] }
    swept = now
    var suppressed: [Suppressed] = []
    func isOpen(_ key: Key, _ window: Window) -> Bool {
      guard now - window.start >= Self.window else { return true }
      if window.suppressed > 0 { suppressed.append(Suppressed(key: key, count: window.suppressed)) }
      return false
    }
    windows = windows.filter(isOpen)
    calls = calls.filter(isOpen)
    return suppressed
  }
}
