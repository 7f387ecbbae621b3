import Basics
import Glibc
import Locking
public import Logging
import Synchronization

/// Where all loggers of a process meet: the format, the rate limit, the writer.
public final class LogSink: Sendable {
  /// The format of a line.
  public let format: LogFormat
  /// What the lines go to.
  public let writer: LogWriter

  /// The number of the process, where several write one log; in the metadata of every line.
  private let process: Int?
  private let levelIndex = Atomic<Int>(0)
  private let limit = Locked(LogRateLimit())
  private let problems = Locked(RecentProblems())
  private let suppressedCount = Atomic<Int>(0)
  private let clock: @Sendable () -> (wall: Int64, steady: Int64)

  /// A sink.
  public convenience init(format: LogFormat, writer: LogWriter, process: Int? = nil) {
    self.init(format: format, writer: writer, process: process) { (WallClock.nanoseconds, MonotonicClock.nanoseconds) }
  }

  /// A sink with a clock of its own.
  ///
  /// - Parameter clock: wall clock time since 1970 and the time of a steady clock, in nanoseconds.
  public init(
    format: LogFormat, writer: LogWriter, process: Int? = nil,
    clock: @escaping @Sendable () -> (wall: Int64, steady: Int64)
  ) {
    self.process = process
    self.format = format
    self.writer = writer
    self.clock = clock
  }

  /// The least severe level that is logged by handlers without a level of their own. May change at any time.
  public var level: Logger.Level {
    get { Logger.Level.allCases[levelIndex.load(ordering: .relaxed)] }
    set { levelIndex.store(Logger.Level.allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
  }

  /// Lines left out since the start, because the same message came too often.
  public var suppressed: Int { suppressedCount.load(ordering: .relaxed) }

  /// The latest warnings and errors, those that the limit kept back too.
  public var recentProblems: RecentProblems { problems.withLock { $0 } }

  /// A log handler for a label; without a level, with the sink's.
  public func handler(label: String, level: Logger.Level? = nil) -> LineLogHandler {
    LineLogHandler(sink: self, label: label, level: level)
  }

  func log(_ level: Logger.Level, label: String, message: String, error: String?, metadata: Logger.Metadata) {
    let now = clock()
    if level >= .warning {
      problems.withLock { $0.note(level, message, error: error, metadata: metadata, time: now.wall) }
    }
    let key = LogRateLimit.Key(label: label, message: message, tracking: metadata["trackingid"].map { "\($0)" })
    let (isAdmitted, suppressed) = limit.withLock { $0.admit(key, now: now.steady) }
    report(suppressed, wall: now.wall)
    guard isAdmitted else {
      suppressedCount.add(1, ordering: .relaxed)
      return
    }
    var metadata = metadata
    if let process { metadata["process"] = "\(process)" }
    let record = LogRecord(
      time: now.wall, level: level, label: label, message: message, error: error, metadata: metadata)
    writer.write(record.line(format))
  }

  /// Writes a line that no level, limit or full buffer keeps back.
  func announce(_ text: String) {
    let record = LogRecord(
      time: clock().wall, level: nil, label: "patchbay", message: text, error: nil, metadata: [:])
    writer.write(record.line(format), isEssential: true)
  }

  /// Writes what is still to be said of lines that were left out, and waits for the writer, at most a second.
  public func flush() {
    report(limit.withLock { $0.finish() }, wall: clock().wall)
    writer.flush()
  }

  private func report(_ suppressed: [LogRateLimit.Suppressed], wall: Int64) {
    for entry in suppressed {
      var metadata: Logger.Metadata = ["count": "\(entry.count)", "of": "\(entry.key.message)"]
      if let tracking = entry.key.tracking { metadata["trackingid"] = "\(tracking)" }
      let record = LogRecord(
        time: wall, level: .warning, label: entry.key.label, message: "suppressed", error: nil, metadata: metadata)
      writer.write(record.line(format))
    }
  }
}
