import CGRPC
import Testing

@Suite("What is allowed of a connection's frames")
struct FrameRulesTests {
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  private static let second: Int64 = 1_000_000_000

  private static func frame(_ type: UInt8, flags: UInt8 = 0, length: Int = 0) -> [UInt8] {
    [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags, 0, 0, 0, 1]
      + [UInt8](repeating: 7, count: length)
  }

  /// A connection that has sent its preface.
  private final class Connection {
    let rules: OpaquePointer
    init(fromClient: Bool = true) {
      rules = pb_frame_rules_create(fromClient, 0)
      if fromClient { #expect(send(FrameRulesTests.preface) == 0) }
    }
    deinit { pb_frame_rules_destroy(rules) }

    func send(_ bytes: [UInt8], at time: Int64 = 0) -> Int { Int(pb_frame_rules_read(rules, bytes, bytes.count, time)) }

    /// How many of these frames are allowed at one moment.
    func allowed(_ frame: [UInt8], upTo most: Int = 200_000, at time: Int64 = 0) -> Int {
      for number in 0..<most where send(frame, at: time) != 0 { return number }
      return most
    }
  }

  @Test("a call's audio is never too much, whatever comes at once")
  func audio() {
    let connection = Connection()
    #expect(connection.allowed(Self.frame(0, length: 170)) == 200_000)
  }

  @Test(
    "each kind of frame has its bound, and says which it was",
    arguments: [
      (Self.frame(7, length: 8), 16, PB_RULE_GOAWAYS), (Self.frame(0xbb), 500, PB_RULE_CONTROL_FRAMES),
      (Self.frame(0xbb, length: 16_384), 500 / 17, PB_RULE_CONTROL_FRAMES),
      (Self.frame(6, length: 8), 500, PB_RULE_CONTROL_FRAMES), (Self.frame(4), 500, PB_RULE_CONTROL_FRAMES),
      (Self.frame(2, length: 5), 500, PB_RULE_CONTROL_FRAMES), (Self.frame(0), 500, PB_RULE_CONTROL_FRAMES),
      (Self.frame(8, length: 4), 100_000, PB_RULE_WINDOW_UPDATES), (Self.frame(3, length: 4), 2000, PB_RULE_RESETS),
      (Self.frame(1, flags: 4, length: 20), 5000, PB_RULE_NEW_STREAMS),
      (Self.frame(9, length: 20), 8, PB_RULE_HEADER_BLOCK), (Self.frame(0, length: 16_384), 4096, PB_RULE_DATA),
    ])
  func bounds(frame: [UInt8], most: Int, rule: Int) {
    let connection = Connection()
    #expect(connection.allowed(frame) == most)
    // Once broken, always broken.
    #expect(connection.send(Self.frame(0, length: 100), at: 3600 * Self.second) == rule)
  }

  @Test("frames are found wherever the reads cut them")
  func cuts() {
    let connection = Connection()
    let bytes = (0..<17).flatMap { _ in Self.frame(0, length: 100) + Self.frame(7, length: 8) }
    var broken: [Int] = []
    for byte in bytes { broken.append(connection.send([byte])) }
    #expect(broken.firstIndex(of: PB_RULE_GOAWAYS) == 16 * (109 + 17) + 109 + 8)
  }

  @Test("what is allowed comes back with time")
  func refill() {
    let connection = Connection()
    let ping = Self.frame(6, length: 8)
    for second in 0..<100 as Range<Int64> {
      for _ in 0..<450 { #expect(connection.send(ping, at: second * Self.second) == 0) }
    }
    #expect(connection.send(ping, at: .max / 2) == 0)
  }

  @Test("who sends audio may reset RPCs")
  func resetsOfCalls() {
    let connection = Connection()
    for turn in 0..<20_000 {
      // A thousand turns a second: far more resets than the time alone allows.
      let time = Int64(turn) * 1_000_000
      for _ in 0..<50 { #expect(connection.send(Self.frame(0, length: 170), at: time) == 0) }
      #expect(connection.send(Self.frame(3, length: 4), at: time) == 0, "the RPC of turn \(turn)")
    }
  }

  @Test("data may come as fast as 128 MB a second for good, and no faster")
  func data() {
    let connection = Connection()
    let frame = Self.frame(0, length: 16_384)
    for millisecond in 0..<500 as Range<Int64> {
      for _ in 0..<8 { #expect(connection.send(frame, at: millisecond * 1_000_000) == 0) }
    }
    #expect(connection.allowed(frame, at: 500_000_000) < 4096 + 16)
  }

  @Test("a server's own connections have no preface and no bound on answers")
  func clients() {
    let connection = Connection(fromClient: false)
    #expect(connection.allowed(Self.frame(1, flags: 4, length: 20), upTo: 20_000) == 20_000)
    #expect(connection.allowed(Self.frame(7, length: 8)) == 16)
  }

  @Test("the core's functions are stood in for: this build of the library is the known one")
  func active() { #expect(pb_guard_is_active()) }
}
