import Dispatch
import Synchronization

/// One recording's way from its call to the disk: takes pieces on the call's thread, never waits, and writes them on a
/// writers' queue.
///
/// Unchecked: `open` and `isFailed` are touched only in blocks on `queue`, which is serial; all else is immutable or
/// atomic.
final class RecordingLine: @unchecked Sendable {
  private let queue: DispatchQueue
  private let writers: RecordingWriters
  private let watcher: any RecordingWatcher
  private let details: RecordingDetails
  private var open: OpenRecording?
  private var isFailed = false

  /// A line to files that are made on the queue: nothing is opened on the caller's thread.
  init(
    _ details: RecordingDetails, settings: RecordingSettings, writers: RecordingWriters, watcher: any RecordingWatcher
  ) {
    self.details = details
    self.writers = writers
    self.watcher = watcher
    queue = writers.queue()
    queue.async { [self] in
      do throws(RecordingError) {
        open = try OpenRecording(details, settings: settings)
        watcher.began(details)
      } catch {
        isFailed = true
        watcher.failed(details, error)
      }
    }
  }

  /// The recording's random id.
  var id: String { details.id }

  /// Hands over samples. False where too much waits already: they are not taken.
  func write(_ interleaved: [Int16]) -> Bool {
    let size = interleaved.count * 2
    guard writers.reserve(size) else { return false }
    queue.async { [self] in
      defer { writers.release(size) }
      step(interleaved.count / max(1, details.channels.count)) { $0.append(interleaved) }
    }
    return true
  }

  func writeSilence(_ count: Int, isLoss: Bool) {
    queue.async { [self] in step(isLoss ? 0 : count) { $0.appendSilence(count, isLoss: isLoss) } }
  }

  func write(_ event: TimelineEvent) {
    queue.async { [self] in
      step(0) {
        $0.append(event)
        return 0
      }
    }
  }

  /// The end: nothing is handed over after it.
  func finish() {
    queue.async { [self] in
      guard let open else { return }
      self.open = nil
      do throws(RecordingError) {
        try open.finish()
        watcher.completed(details)
      } catch {
        if !isFailed { watcher.failed(details, error) }
      }
    }
  }

  /// One step of the writing, which says how many samples of a channel were lost in it. Where no file could be made, all
  /// of its `samples` are.
  private func step(_ samples: Int, _ work: (OpenRecording) -> Int) {
    let lost = open.map(work) ?? samples
    if lost > 0 { watcher.lost(details, milliseconds: lost * 1000 / max(1, details.sampleRate)) }
    // Said once: the call goes on, the recording does not.
    if let failure = open?.failure, !isFailed {
      isFailed = true
      watcher.failed(details, failure)
    }
  }
}

/// Who is told what becomes of recordings; called on the writers' queues.
protocol RecordingWatcher: Sendable {
  func began(_ details: RecordingDetails)
  func completed(_ details: RecordingDetails)
  func failed(_ details: RecordingDetails, _ error: RecordingError)
  /// Audio that the disk did not take.
  func lost(_ details: RecordingDetails, milliseconds: Int)
}
