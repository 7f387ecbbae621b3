import BotEngine
import GRPCTransport
import Logging

/// Hands one session to its receivers: each runs in a task of its own and has its own bounded events. On the session's
/// loop only.
///
/// Audio is handed on a tenth of a second at a time, all sources together: waking the receivers for every frame costs
/// more than all else that is done with the frame.
final class MediaRelay {
  /// One receiver at work.
  private final class Line {
    let id: String
    let events = MediaEvents()
    var task: Task<Void, Never>?
    var isOver = false

    init(id: String) { self.id = id }
  }

  /// Audio of one source on its way to the receivers.
  private struct Stretch {
    var samples: [Int16] = []
    var position = 0
    var concealed = 0
  }

  /// How often audio is handed on.
  static let interval = Duration.milliseconds(100)
  /// How long receivers may take to come to their end.
  static let farewell = Duration.seconds(10)

  let info: MediaSessionInfo
  private let loop: any LoopExecutor
  private let metrics: MediaMetrics
  private let log: Logger
  private let lines: [Line]
  private var stretches: [String: Stretch] = [:]
  private var sources: Set<String> = []
  private var timer: LoopTimer?
  private(set) var isOver = false

  /// Starts the receivers. `wish` is called on the loop with what they wish for.
  init(
    info: MediaSessionInfo, receivers: [MediaReceivers.Entry], loop: any LoopExecutor, metrics: MediaMetrics,
    log: Logger,
    wish: @escaping @Sendable (MediaCommand) -> Void = { _ in }
  ) {
    self.info = info
    self.loop = loop
    self.metrics = metrics
    self.log = log
    lines = receivers.map { Line(id: $0.id) }
    metrics.sessionStarted(info.kind)
    for (line, entry) in zip(lines, receivers) { start(entry.receiver, line, wish) }
  }

  private func start(_ receiver: any MediaReceiver, _ line: Line, _ wish: @escaping @Sendable (MediaCommand) -> Void) {
    let loop = loop
    let session = MediaSession(info: info, events: line.events) { command in loop.execute { wish(command) } }
    let own = LoopBound((self, line), loop: loop)
    line.task = Task(executorPreference: loop) {
      var failure: String?
      // The type alone: an error's text may quote what was said.
      do { try await receiver.receive(session) } catch { failure = "\(type(of: error))" }
      loop.execute { [failure] in own.value.0.returned(own.value.1, failure) }
    }
  }

  private func returned(_ line: Line, _ failure: String?) {
    line.isOver = true
    line.task = nil
    guard let failure, !isOver else { return }
    metrics.receiverFailed(line.id)
    log.error(
      "a receiver failed; the session goes on without it", metadata: ["receiver": "\(line.id)", "error": "\(failure)"])
  }

  // MARK: What happens

  /// Tells of a source before its first media. Of no effect where it is known.
  func add(_ source: MediaSource) {
    guard sources.insert(source.id).inserted else { return }
    deliver(.sourceAdded(source))
  }

  /// Tells that a source is gone.
  func remove(_ id: String) {
    guard sources.remove(id) != nil else { return }
    flush(id)
    deliver(.sourceRemoved(id: id))
  }

  /// Takes audio of a source at its place on the session's clock.
  func hear(_ samples: UnsafeBufferPointer<Int16>, of source: String, at position: Int, isConcealed: Bool = false) {
    guard !isOver, !samples.isEmpty else { return }
    if let stretch = stretches[source], stretch.position + stretch.samples.count != position { flush(source) }
    var isFirst = false
    withUnsafeMutablePointer(to: &stretches[source, default: Stretch()]) { stretch in
      isFirst = stretch.pointee.samples.isEmpty
      if isFirst { stretch.pointee.position = position }
      stretch.pointee.samples.append(contentsOf: samples)
      if isConcealed { stretch.pointee.concealed += samples.count }
    }
    if isFirst, timer == nil {
      timer = loop.schedule(after: Self.interval) { [weak self] in
        self?.timer = nil
        self?.flush()
      }
    }
  }

  /// Tells of anything else, after the audio before it.
  func tell(_ event: MediaEvent) {
    flush()
    deliver(event)
  }

  /// Ends the session. Receivers that do not come to their end are cancelled after ``farewell``.
  func end(_ end: MediaEnd) {
    guard !isOver else { return }
    flush()
    timer?.cancel()
    timer = nil
    deliver(.ended(end))
    isOver = true
    metrics.sessionEnded(info.kind, end)
    for line in lines {
      metrics.dropped(line.events.drops, by: line.id)
      guard let task = line.task else { continue }
      _ = loop.schedule(after: Self.farewell) { task.cancel() }
    }
  }

  // MARK: Handing on

  /// Hands on all audio that has come.
  func flush() {
    for source in stretches.keys.sorted() { flush(source) }
  }

  private func flush(_ source: String) {
    guard let stretch = stretches[source], !stretch.samples.isEmpty else { return }
    stretches[source] = Stretch()
    deliver(
      .audio(
        MediaAudio(
          source: source, samples: stretch.samples, sampleRate: info.sampleRate, position: stretch.position,
          concealed: stretch.concealed)))
  }

  private func deliver(_ event: MediaEvent) {
    guard !isOver else { return }
    for line in lines where !line.isOver { line.events.deliver(event) }
  }
}
