/// Tells a bot that sends messages which mean nothing here, beside those that do, from one that sends nothing else.
///
/// A pure value with the time as a parameter. Frameworks put messages of their own on the wire; they cost their reading.
struct NonsenseWatch {
  /// Bytes of such messages at once.
  static let most = 1 << 20
  /// Bytes of them a second for as long as the call lasts.
  static let rate = 65_536
  /// What the shortest message counts.
  static let least = 256

  private var bytes = 0
  private var last: Duration = .zero

  /// A message came that was passed over.
  ///
  /// - Returns: whether there are too many of them.
  mutating func isTooMuch(bytes count: Int, now: Duration) -> Bool {
    let passed = max(Int(clamping: Int64((now - last) / .milliseconds(1))), 0)
    bytes = max(bytes - min(passed, 60_000) * Self.rate / 1_000, 0)
    last = max(now, last)
    bytes += max(count, Self.least)
    return bytes > Self.most
  }
}
