import Testing

@testable import GRPCTransport

@Suite("The C core's log lines")
struct CoreLogTests {
  @Test("S8: a line cannot break out of its record")
  func escaping() {
    #expect(CoreLog.escape("plain ☺") == "plain ☺")
    #expect(CoreLog.escape("a\r\nb\u{1b}[31m\u{0}\u{7f}\u{9b}") == #"a\u{d}\u{a}b\u{1b}[31m\u{0}\u{7f}\u{9b}"#)
    #expect(CoreLog.escape(String(repeating: "x", count: 5000)).count == CoreLog.longestLine)
  }

  @Test("S8: each place gets a few lines a second, and the next line tells how many were held back")
  func rate() {
    var log = CoreLog()
    for _ in 0..<CoreLog.burst { #expect(log.admit("a.cc:1", now: 0) == 0) }
    for _ in 0..<7 { #expect(log.admit("a.cc:1", now: 10) == nil) }
    #expect(log.admit("b.cc:2", now: 10) == 0)
    #expect(log.admit("a.cc:1", now: CoreLog.window) == 7)
    #expect(log.admit("a.cc:1", now: CoreLog.window) == 0)
  }

  @Test("S8: however many places log, what is kept about them is bounded, and the rest share one allowance")
  func places() {
    var log = CoreLog()
    for number in 0..<CoreLog.mostPlaces { #expect(log.admit("a.cc:\(number)", now: 0) == 0) }
    let admitted = (0..<1000).compactMap { log.admit("b.cc:\($0)", now: 0) }
    #expect(admitted.count == CoreLog.burst)
  }
}
