/// Tells, while a prompt plays, as soon as somebody may have begun to speak, and that they have stopped: long before an
/// ``Endpointer`` is sure of either. A value without any audio.
public struct OnsetWatch: Sendable {
  /// What has to be likely speech of the last ``window``, in milliseconds. It is not certain yet: a pause that turns out to
  /// be for nothing is hardly heard.
  public static let onset = 80
  /// Of so much time, in milliseconds: words begin with gaps.
  public static let window = 160
  /// Silence after which it was all, in milliseconds: more than the gaps within what a caller says who goes on.
  public static let silence = 260

  /// Whether somebody may be speaking.
  public private(set) var isHeard = false
  /// Length of a frame, in milliseconds.
  public let frameMilliseconds: Int

  // The last frames, the newest in the lowest bit: set where somebody probably spoke.
  private var likely: UInt32 = 0
  private var quiet = 0

  /// A watch over frames of 10 to 30 milliseconds.
  public init(frameMilliseconds: Int = 20) { self.frameMilliseconds = min(max(frameMilliseconds, 10), 30) }

  /// Takes what a detector makes of the next frame, and whether speech may begin with it. Gives whether it was the last
  /// of a silence that ends what was heard.
  public mutating func advance(_ evidence: SpeechEvidence, mayBegin: Bool = true) -> Bool {
    guard isHeard else {
      let window = UInt32(1) << UInt32(Self.window / frameMilliseconds) &- 1
      likely = (likely << 1 | (evidence >= .likely ? 1 : 0)) & window
      isHeard = mayBegin && likely.nonzeroBitCount * frameMilliseconds >= Self.onset
      return false
    }
    quiet = evidence >= .possible ? 0 : quiet + frameMilliseconds
    guard quiet >= Self.silence else { return false }
    reset()
    return true
  }

  /// Forgets what was heard.
  public mutating func reset() { self = OnsetWatch(frameMilliseconds: frameMilliseconds) }
}
