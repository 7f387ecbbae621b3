import Locking

/// The events of one session for one receiver, as a sequence with a bounded buffer.
///
/// What a slow receiver has no room for is dropped as it comes, and counted: audio beyond ``maximumAudio``, video beyond
/// ``maximumVideo``, other events beyond ``maximumEvents``. The session's end is never dropped.
public final class MediaEvents: AsyncSequence, Sendable {
  /// An event of the session.
  public typealias Element = MediaEvent

  /// What was dropped because the receiver was slow.
  public struct Drops: Sendable, Equatable {
    /// Samples of audio.
    public var samples = 0
    /// Video frames.
    public var videoFrames = 0
    /// Other events.
    public var events = 0
  }

  /// Audio that is kept for a slow receiver, all sources together, in bytes: ten seconds of three sources at 48 kHz.
  public static let maximumAudio = 3_000_000
  /// Video that is kept for a slow receiver, in bytes.
  public static let maximumVideo = 8 << 20
  /// Events of any kind that are kept for a slow receiver.
  public static let maximumEvents = 4096

  private let state = Awaited(State())

  /// An empty sequence, to be filled by ``deliver(_:)``.
  public init() {}

  /// What was dropped so far.
  public var drops: Drops { state.withLock { $0.drops } }

  /// Appends an event. After ``MediaEvent/ended(_:)`` nothing is taken any more. Never waits for the receiver.
  ///
  /// - Returns: whether there was room.
  @discardableResult
  public func deliver(_ event: MediaEvent) -> Bool {
    state.change { !$0.isFinished && $0.append(event) }
  }

  /// An iterator. Iterators share the events, each of which goes to one of them: use one.
  public func makeAsyncIterator() -> Iterator { Iterator(events: self) }

  /// Takes events one by one.
  public struct Iterator: AsyncIteratorProtocol {
    let events: MediaEvents

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> MediaEvent? {
      await events.state.first(isolation: actor) { $0.removeFirst() } ?? nil
    }

    /// The next event, or `nil` after the last or once the task is cancelled.
    public mutating func next() async -> MediaEvent? { await next(isolation: nil) }
  }

  private struct State {
    var queue = FIFO<MediaEvent>()
    var audioBytes = 0
    var videoBytes = 0
    var drops = Drops()
    var isFinished = false

    mutating func append(_ event: MediaEvent) -> Bool {
      let isFull = queue.count >= MediaEvents.maximumEvents
      switch event {
      case .audio(let audio):
        let size = audio.samples.count * 2
        if isFull || audioBytes + size > MediaEvents.maximumAudio {
          drops.samples += audio.samples.count
          return false
        }
        audioBytes += size
      case .video(let video):
        if isFull || videoBytes + video.data.count > MediaEvents.maximumVideo {
          drops.videoFrames += 1
          return false
        }
        videoBytes += video.data.count
      case .ended: isFinished = true
      case .sensitive: break  // Two at most are between two stretches of audio, and none may be missed.
      default:
        if isFull {
          drops.events += 1
          return false
        }
      }
      queue.append(event)
      return true
    }

    /// The next event, `nil` within after the last; nothing where one has to be waited for.
    mutating func removeFirst() -> MediaEvent?? {
      guard let event = queue.removeFirst() else { return isFinished ? .some(nil) : nil }
      switch event {
      case .audio(let audio): audioBytes -= audio.samples.count * 2
      case .video(let video): videoBytes -= video.data.count
      default: break
      }
      return .some(event)
    }
  }
}
