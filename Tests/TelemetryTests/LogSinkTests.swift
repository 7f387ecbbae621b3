import Foundation
import Glibc
import Logging
import Locking
import Synchronization
import Testing

@testable import Telemetry

/// A pipe whose reading end the test holds.
private final class Pipe {
  let read: Int32
  let write: Int32

  init() throws {
    // A writer that is still at work when a test has failed must not end all tests.
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    (read, write) = (ends[0], ends[1])
  }

  deinit {
    close(read)
    close(write)
  }

  /// Fills the pipe with empty lines, so that the next write waits for a reader.
  func fill() {
    _ = fcntl(write, F_SETFL, O_NONBLOCK)
    let lines = [UInt8](repeating: 0x0A, count: 4_096)
    while Glibc.write(write, lines, lines.count) > 0 {}
    while Glibc.write(write, lines, 1) > 0 {}
    _ = fcntl(write, F_SETFL, 0)
  }

  func lines() -> [String] {
    _ = fcntl(read, F_SETFL, O_NONBLOCK)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(read, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

@Suite("Log sink")
struct LogSinkTests {
  @Test("a logger writes what its level lets through, with all its metadata, the event's first")
  func logger() throws {
    let pipe = try Pipe()
    let sink = LogSink(format: .json, writer: LogWriter(descriptor: pipe.write)) { (0, 0) }
    var logger = Logger(label: "calls") { sink.handler(label: $0, level: .info) }
    logger[metadataKey: "a"] = "own"
    logger[metadataKey: "b"] = "own"
    var copy = logger
    copy.logLevel = .error
    copy[metadataKey: "a"] = "copy"
    logger.debug("hidden")
    copy.info("hidden")
    logger.info("shown", metadata: ["b": "event"])
    sink.flush()
    #expect(sink.writer.flush(milliseconds: 30_000))
    #expect(
      pipe.lines() == [
        #"{"time":"1970-01-01T00:00:00.000Z","level":"info","label":"calls","message":"shown","metadata":{"a":"own","b":"event"}}"#
      ])
  }

  @Test("an announcement comes whatever the level and the limit, in the log's format", arguments: LogFormat.allCases)
  func announcement(format: LogFormat) throws {
    let pipe = try Pipe()
    let sink = LogSink(format: format, writer: LogWriter(descriptor: pipe.write, capacity: 0)) { (0, 0) }
    for _ in 0..<50 { sink.announce(Announcement.listening(on: "127.0.0.1:50051").text) }
    sink.flush()
    #expect(sink.writer.flush(milliseconds: 30_000))
    let lines = pipe.lines()
    #expect(lines.count == 50)
    #expect(
      lines.first
        == (format == .json
          ? #"{"time":"1970-01-01T00:00:00.000Z","level":"notice","label":"patchbay","message":"listening on 127.0.0.1:50051"}"#
          : "1970-01-01T00:00:00.000Z notice patchbay: listening on 127.0.0.1:50051"))
    #expect(Announcement.admin(on: "[::1]:8080").text == "admin on [::1]:8080")
  }

  @Test("S8: a flood of one message is cut down, and the rest is counted in a line")
  func flood() throws {
    let pipe = try Pipe()
    let time = Atomic<Int>(0)
    let sink = LogSink(format: .text, writer: LogWriter(descriptor: pipe.write)) {
      (0, Int64(time.load(ordering: .relaxed)))
    }
    let logger = Logger(label: "x") { sink.handler(label: $0, level: .info) }
    for _ in 0..<10_000 { logger.info("again") }
    time.store(2_000_000_000, ordering: .relaxed)
    logger.info("later")
    sink.flush()
    #expect(sink.writer.flush(milliseconds: 30_000))
    let lines = pipe.lines()
    #expect(lines.count == 22)
    #expect(lines[20] == #"1970-01-01T00:00:00.000Z warning x: suppressed count="9980" of="again""#)
    #expect(sink.suppressed == 9_980)
  }

  @Test("nobody who logs waits for a reader; what does not fit is dropped and counted")
  func stalledReader() throws {
    let pipe = try Pipe()
    pipe.fill()
    let writer = LogWriter(descriptor: pipe.write, capacity: 10_000)
    let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
    let time = ContinuousClock().measure { for _ in 0..<5_000 { writer.write(line) } }
    #expect(time < .seconds(2))
    // One buffer waits, and at most one more is being written.
    #expect((4_800...4_900).contains(writer.dropped))
    #expect(!writer.flush(milliseconds: 50))
    var received = 0
    while received < 99 * (5_000 - writer.dropped) {
      received += pipe.lines().reduce(0) { $0 + $1.utf8.count }
      usleep(1_000)
    }
    #expect(writer.flush(milliseconds: 30_000))
    #expect(received == 99 * (5_000 - writer.dropped))
  }

  @Test("a descriptor that cannot be written costs the lines, which are counted, and nothing else")
  func closedReader() throws {
    let writer = LogWriter(descriptor: -1)
    for _ in 0..<3 { writer.write(Array("line\n".utf8)) }
    #expect(writer.flush(milliseconds: 30_000))
    #expect(writer.dropped == 3)
  }

  @Test("lines of many threads stay whole")
  func threads() async throws {
    let pipe = try Pipe()
    let writer = LogWriter(descriptor: pipe.write)
    let received = Locked<[String]>([])
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { for _ in 0..<50 { writer.write(Array("\(String(repeating: "\(task)", count: 60))\n".utf8)) } }
      }
    }
    #expect(writer.flush(milliseconds: 30_000))
    received.withLock { $0 = pipe.lines() }
    let lines = received.withLock { $0 }
    #expect(lines.count == 400)
    #expect(lines.allSatisfy { $0.count == 60 && Set($0).count == 1 })
  }
}
