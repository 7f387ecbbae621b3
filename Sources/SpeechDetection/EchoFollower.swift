public import Basics
public import AudioCodecs
import CVoiceModel

/// Follows the echo of what plays to a caller, which is known sample by sample: finds its delay by what line and prompt
/// have in common, follows it where it jumps, and learns how loud each band of it comes back, so that a
/// ``RecurrentDetector`` hears the line without it.
///
/// What is played is told on the clock by which samples arrive, and a line's samples are placed on it by when they
/// come: by those that were least delayed, so that what is late moves nothing, be it for seconds on a busy machine, as
/// long as it catches up. Works only while something plays, and until its echo is over.
///
/// The owner of one model's state. Nothing is allocated for a frame. Not for use from two threads at once.
public final class EchoFollower {
  /// The longest delay that is found, in milliseconds.
  public static let longestDelay = 890

  /// Pieces that stay later than this, in samples, for so long by the clock, are not late: the line has a gap.
  private static let longestLateness = 1600
  private static let shortestGap = 8000
  /// After a gap all are about as late, in samples: who catches up, or falls behind, is only slow.
  private static let catchingUp = 160
  private static let fallingBehind = 800
  /// What is looked at after the end of the echo, in samples.
  private static let margin = 2000
  private static let frameLength = Int(VOICE_MODEL_FRAME)

  /// The delay of the echo that is followed, in milliseconds; `nil` where none has been found.
  public var delay: Int? {
    let delay = Int(echo_model_delay(handle))
    return delay < 0 ? nil : delay
  }
  /// Whether an echo is followed that may still be heard.
  public var isFollowing: Bool { follows }
  /// Whether the line may have been an echo lately and nothing else: no speech begins.
  var isEchoAlone: Bool { isFollowing && echo_model_may_be_all(handle) }

  private let handle: OpaquePointer
  @exclusivity(unchecked) private var follows = false
  private var played = PlayedAudio()
  /// When the next frame of the line begins, in samples.
  private var next: Int?
  /// Since when pieces are about as late as the first of them was, and by how much that one and the least are late: in
  /// samples.
  private var late: (since: Int, first: Int, least: Int)?
  private var isBroken = false
  private var skipped = 0
  private var frame = [Int16](repeating: 0, count: frameLength)

  /// A follower of a line without an echo.
  public init() throws(AudioError) {
    guard let handle = echo_model_create() else {
      throw AudioError(.unavailable, "The echo's follower could not be made: out of memory.")
    }
    self.handle = handle
  }

  deinit { echo_model_free(handle) }

  /// Mu-law at 8,000 Hz is sent: it is heard after what was sent before, or now.
  public func play(_ audio: ArraySlice<UInt8>, at now: Duration) { played.play(audio, at: Self.samples(now)) }

  /// What was sent is not heard any more.
  public func stop(at now: Duration) { played.stop(at: Self.samples(now)) }

  /// No line is open: what has been heard by now is forgotten.
  public func rest(at now: Duration) { played.drop(before: Self.samples(now)) }

  /// What comes of the line next does not follow what came last.
  public func lineBreaks() { isBroken = true }

  /// So many samples at 8,000 Hz are there, the last of which arrived at `now`, and have not been heard.
  func arrive(_ count: Int, by now: Duration) {
    let now = Self.samples(now)
    let begin = now - count
    guard let next else { return self.next = begin }
    let lateness = begin - next
    let wasBroken = isBroken
    isBroken = false
    if lateness <= 0 {
      self.next = begin
      late = nil
    } else if wasBroken {
      skip(lateness)
    } else if lateness <= Self.longestLateness {
      late = nil
    } else if let late,
      lateness > late.first - Self.catchingUp, lateness < late.first + Self.fallingBehind
    {
      self.late?.least = min(lateness, late.least)
      if now - late.since >= Self.shortestGap { skip(min(lateness, late.least)) }
    } else {
      late = (since: now, first: lateness, least: lateness)
    }
  }

  /// The line goes on so many samples later.
  private func skip(_ count: Int) {
    late = nil
    skipped = min(count / Self.frameLength, Self.longestDelay / 20 + 1)
    next = next.map { $0 + count }
  }

  /// How probable it is that the caller speaks, as the network says that hears a frame of the line without the echo;
  /// `nil` where nothing plays whose echo could be heard.
  func hear(
    _ samples: UnsafePointer<Int16>, isWideband: Bool, isPromptPlaying: Bool, with network: OpaquePointer
  ) -> Float? {
    guard let begin = next else { return nil }
    next = begin + Self.frameLength
    guard begin < played.end + (delay.map { $0 * 8 + Self.margin } ?? Self.longestDelay * 8) else {
      follows = false
      skipped = 0
      return nil
    }
    while skipped > 0 {
      read(from: begin - skipped * Self.frameLength)
      echo_model_skip(handle, network, frame)
      skipped -= 1
    }
    read(from: begin)
    let probability = voice_model_hear_echo(network, handle, samples, isWideband, frame, isPromptPlaying)
    follows = delay != nil
    return probability
  }

  private func read(from time: Int) {
    frame.withUnsafeMutableBufferPointer { played.read(from: time, into: $0) }
  }

  private static func samples(_ time: Duration) -> Int { time.wholeMicroseconds / 125 }
}
