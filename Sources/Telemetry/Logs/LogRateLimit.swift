/// How often the same message may be logged: so many lines in each second for each label and message, and what was left
/// out is counted. Time is a parameter, in nanoseconds of a steady clock.
struct LogRateLimit {
  /// Lines of one key in a window.
  static let linesPerWindow = 20
  /// The window, in nanoseconds.
  static let window: Int64 = 1_000_000_000
  /// Keys kept apart; further ones share one.
  static let maximumKeys = 1_024

  /// What a line belongs to. Values that vary belong into metadata, not into the message.
  struct Key: Hashable {
    var label: String
    var message: String

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
  private var swept: Int64 = .min

  /// Whether a line may be written now, and what was left out in windows that have ended since the last call.
  mutating func admit(_ key: Key, now: Int64) -> (isAdmitted: Bool, suppressed: [Suppressed]) {
    let suppressed = sweep(now: now)
    let key = windows[key] == nil && windows.count >= Self.maximumKeys ? .other : key
    var window = windows[key] ?? Window(start: now, lines: 0, suppressed: 0)
    let isAdmitted = window.lines < Self.linesPerWindow
    if isAdmitted { window.lines += 1 } else { window.suppressed += 1 }
    windows[key] = window
    return (isAdmitted, suppressed)
  }

  /// All that was left out and not reported yet.
  mutating func finish() -> [Suppressed] {
    defer { windows = [:] }
    return windows.compactMap { $1.suppressed > 0 ? Suppressed(key: $0, count: $1.suppressed) : nil }
  }

  /// Ends windows, at most ten times a second.
  private mutating func sweep(now: Int64) -> [Suppressed] {
    guard now >= swept &+ Self.window / 10 || swept > now || swept == .min else { return [] }
    swept = now
    var suppressed: [Suppressed] = []
    windows = windows.filter { key, window in
      guard now - window.start >= Self.window else { return true }
      if window.suppressed > 0 { suppressed.append(Suppressed(key: key, count: window.suppressed)) }
      return false
    }
    return suppressed
  }
}
