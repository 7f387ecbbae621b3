/// What is complete of a mix on its way to the disk: what finds no room is left out, and silence stands in its place.
///
/// Not for use from two threads at once.
struct MixHandover {
  let line: RecordingLine
  let sampleRate: Int
  let channels: Int
  let onLoss: @Sendable (_ milliseconds: Int) -> Void
  /// Samples of a channel that were lost and are not accounted for yet.
  var lost = 0

  mutating func write(_ pieces: [StereoMix.Piece]) {
    for piece in pieces {
      account()
      switch piece {
      case .silence(let count): line.writeSilence(count, isLoss: false)
      case .audio(let samples): if !line.write(samples) { lost += samples.count / channels }
      }
    }
  }

  mutating func finish() {
    account()
    line.finish()
  }

  /// So that what follows a loss is where it belongs.
  private mutating func account() {
    guard lost > 0 else { return }
    line.writeSilence(lost, isLoss: true)
    onLoss(lost * 1000 / sampleRate)
    lost = 0
  }
}
