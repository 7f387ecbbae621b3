/// When prompts play: one after the other, from when they come.
struct Playout: Sendable {
  /// When the last prompt is over; in the past if nothing plays.
  private(set) var end: Duration = .zero
  /// When the first prompt of the prompts that play one after the other began.
  private(set) var start: Duration = .zero
  /// Whether all that plays may be interrupted.
  private(set) var isBargeInEnabled = true
  /// Whether the end of what plays is still to be told.
  private(set) var endIsUntold = false

  func isPlaying(at now: Duration) -> Bool { now < end }

  /// Queues a prompt that comes now and returns when it begins.
  mutating func play(_ length: Duration, isBargeInEnabled: Bool, at now: Duration) -> Duration {
    let begins = max(now, end)
    if now >= end {
      start = now
      self.isBargeInEnabled = isBargeInEnabled
    } else {
      self.isBargeInEnabled = self.isBargeInEnabled && isBargeInEnabled
    }
    end = begins + length
    endIsUntold = length > .zero
    return begins
  }

  /// Drops what has not been played and returns how much that was.
  mutating func cut(at now: Duration) -> Duration {
    guard now < end else { return .zero }
    defer { end = now }
    endIsUntold = false
    return end - now
  }

  /// Whether the prompts are over; true once.
  mutating func takeEnd(at now: Duration) -> Bool {
    guard endIsUntold, now >= end else { return false }
    endIsUntold = false
    return true
  }
}
