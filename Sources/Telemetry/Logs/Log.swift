public import Logging
import Glibc
import Locking

/// The process's log.
public enum Log {
  private static let current = Locked<LogSink?>(nil)

  /// Sends all loggers of the process to a descriptor, standard output unless told otherwise. The first call decides;
  /// a further one changes nothing.
  ///
  /// - Parameter process: its number, where several processes write to the descriptor.
  ///
  /// A log that nobody reads any more must not end the process: `SIGPIPE` is ignored from here on.
  @discardableResult
  public static func bootstrap(
    level: Logger.Level, format: LogFormat, descriptor: Int32 = 1, process: Int? = nil
  ) -> LogSink {
    let (sink, isFirst) = current.withLock { current -> (LogSink, Bool) in
      if let current { return (current, false) }
      let sink = LogSink(
        format: format, writer: LogWriter(descriptor: descriptor, isShared: process != nil), process: process)
      current = sink
      return (sink, true)
    }
    if isFirst {
      signal(SIGPIPE, SIG_IGN)
      sink.level = level
      LoggingSystem.bootstrap { label in sink.handler(label: label) }
    }
    return sink
  }

  /// Prints an announcement in the log's format and to the log's descriptor, whatever the level; before
  /// ``bootstrap(level:format:descriptor:)``, as text on standard output.
  public static func announce(_ announcement: Announcement) {
    let sink = current.withLock { $0 } ?? LogSink(format: .text, writer: LogWriter(descriptor: STDOUT_FILENO))
    sink.announce(announcement.text)
    sink.writer.flush()
  }

  /// Writes out what is still waiting, for at most a second. Call it last.
  public static func flush() { current.withLock { $0 }?.flush() }
}

/// A line that operators and scripts wait for.
public struct Announcement: Sendable, Equatable {
  /// The line's message.
  public let text: String

  /// `listening on 127.0.0.1:50051`: calls are taken on this address.
  public static func listening(on address: some CustomStringConvertible) -> Announcement {
    Announcement(text: "listening on \(address)")
  }

  /// `admin on 127.0.0.1:8080`: health, metrics and dashboard are served on this address.
  public static func admin(on address: some CustomStringConvertible) -> Announcement {
    Announcement(text: "admin on \(address)")
  }

  /// `websocket on 127.0.0.1:8443`: calls over WebSocket are taken on this address.
  public static func webSocket(on address: some CustomStringConvertible) -> Announcement {
    Announcement(text: "websocket on \(address)")
  }

  /// `cluster on 10.0.0.5:50052`: other servers reach this one at this address.
  public static func cluster(on address: some CustomStringConvertible) -> Announcement {
    Announcement(text: "cluster on \(address)")
  }

  /// Anything else, such as where the demo's token was written.
  public static func notice(_ text: String) -> Announcement { Announcement(text: text) }
}
