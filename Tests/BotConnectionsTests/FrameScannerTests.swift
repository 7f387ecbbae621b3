import Testing

@testable import BotConnections

@Suite("Of what a gRPC server sends, the client sees what costs little or carries something")
struct FrameScannerTests {
  /// What an orderly server sends: settings, an answer of three messages, one of them in two frames, and its end.
  static let orderly =
    Frames.settings + Frames.frame(4, flags: 1) + Frames.frame(8, [0, 1, 0, 0]) + Frames.headers(1, flags: 0)
    + Frames.frame(9, flags: 4, stream: 1, [1, 2, 3]) + Frames.data(1, Frames.message(10) + Frames.message(300, 20))
    + Frames.frame(6, Array(repeating: 1, count: 8)) + Frames.data(1, Array(repeating: 7, count: 280))
    + Frames.data(1, flags: 8, [4] + Frames.message(1_000) + [0, 0, 0, 0]) + Frames.headers(1, flags: 5)

  @Test("An orderly server's bytes pass unchanged, however they are cut")
  func passes() throws {
    for size in 1...Self.orderly.count {
      var connection = ScannedConnection()
      var rest = Self.orderly[...]
      while !rest.isEmpty {
        try connection.received(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      try #require(connection.seen == Self.orderly, "in pieces of \(size)")
      #expect(connection.scanner.isSettled)
    }
  }

  @Test("However its bytes are damaged, they mean the same in one piece and in many")
  func damaged() {
    var random = SplitMix(state: 4_711)
    for _ in 0..<3_000 {
      var bytes = Self.orderly + Self.orderly.dropFirst(Frames.settings.count)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = .random(in: 0 ... .max, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(.random(in: 0...9, using: &random), at: place)
        }
      }
      var whole = ScannedConnection()
      let violation = Self.violation(of: { () throws(FrameError) in try whole.received(bytes) })
      var parts = ScannedConnection()
      var rest = bytes[...]
      let violationInParts = Self.violation(of: { () throws(FrameError) in
        while !rest.isEmpty {
          let count = Int.random(in: 1...40, using: &random)
          try parts.received(Array(rest.prefix(count)))
          rest = rest.dropFirst(count)
        }
      })
      #expect(violation == violationInParts)
      if violation == nil { #expect(whole.seen == parts.seen) }
    }
  }

  private static func violation(of body: () throws(FrameError) -> Void) -> FrameError? {
    do { try body() } catch { return error }
    return nil
  }

  /// A generator of the same numbers each time (Vigna's SplitMix64).
  struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  @Test("Frames of unknown types are left out, however they are cut")
  func unknown() throws {
    let junk = Frames.frame(0xB7, [1, 2, 3]) + Frames.frame(16)
    let bytes = Frames.settings + junk + Frames.headers(1) + junk + junk + Frames.data(1, Frames.message(3)) + junk
    for size in 1...bytes.count {
      var connection = ScannedConnection()
      var rest = bytes[...]
      while !rest.isEmpty {
        try connection.received(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      try #require(
        connection.seen == Frames.settings + Frames.headers(1) + Frames.data(1, Frames.message(3)),
        "in pieces of \(size)")
    }
  }

  @Test(
    "A thousand frames at once that carry nothing are too many, whatever they are",
    arguments: [
      Frames.frame(2, stream: 1, [0, 0, 0, 0, 0]), Frames.frame(3, stream: 1, [0, 0, 0, 8]), Frames.settings,
      Frames.frame(6, Array(repeating: 0, count: 8)), Frames.frame(8, [0, 0, 0, 1]), Frames.data(1, []),
      Frames.headers(1), Frames.frame(0xB7, Array(repeating: 0, count: 100)),
    ])
  func controlFlood(frame: [UInt8]) throws {
    var connection = ScannedConnection()
    try connection.received(Frames.settings)
    for _ in 0..<999 { try connection.received(frame) }
    #expect(throws: FrameError.self) { for _ in 0..<20 { try connection.received(frame) } }
  }

  @Test("Large headers count for more: they have to be decoded")
  func largeHeaders() throws {
    var connection = ScannedConnection()
    try connection.received(Frames.settings)
    for _ in 0..<7 { try connection.received(Frames.headers(1, count: 16_384)) }
    #expect(throws: FrameError.controlFlood(frame: "HEADERS", limit: 1_000)) {
      try connection.received(Frames.headers(1, count: 16_384))
    }
  }

  @Test("Fewer a second than that go on for ever")
  func controlFrames() throws {
    var connection = ScannedConnection()
    try connection.received(Frames.settings)
    for _ in 0..<10_000 {
      try connection.received(Frames.frame(8, [0, 0, 0, 1]))
      connection.wait(milliseconds: 1)
    }
  }

  @Test("A server may acknowledge every frame that it is sent, twice")
  func acknowledgements() throws {
    var connection = ScannedConnection()
    try connection.received(Frames.settings)
    for _ in 0..<10_000 {
      connection.sent(Frames.data(1, Frames.message(160)))
      for _ in 0..<2 { try connection.received(Frames.frame(8, [0, 0, 0, 180])) }
    }
  }

  @Test("An orderly shutdown has two GOAWAYs; ten are a flood")
  func goAways() throws {
    var connection = ScannedConnection()
    let goAway = Frames.frame(7, Array(repeating: 0, count: 8))
    try connection.received(Frames.settings + goAway + goAway)
    #expect(connection.seen == Frames.settings + goAway + goAway)
    #expect(throws: FrameError.goAwayFlood(limit: 8)) { for _ in 0..<8 { try connection.received(goAway) } }
  }

  @Test(
    "What is no HTTP/2 is told from its first bytes",
    arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\u{4}\u{1}\0\0\0\0"])
  func notHTTP2(text: String) {
    var connection = ScannedConnection()
    #expect(throws: FrameError.notHTTP2) { try connection.received(Array(text.utf8)) }
    #expect(connection.seen.isEmpty)
  }

  @Test("Frames and header blocks are bounded, and a block is not interrupted")
  func bounds() throws {
    var connection = ScannedConnection()
    try connection.received(Frames.settings + Frames.data(3, Array(repeating: 0, count: 16_384)))
    #expect(throws: FrameError.largeFrame(bytes: 16_385, limit: 16_384)) {
      try connection.received(Frames.data(3, Array(repeating: 0, count: 16_385)))
    }
    connection = ScannedConnection()
    try connection.received(Frames.settings + Frames.headers(1, flags: 0, count: 16_384))
    try connection.received(Frames.frame(9, stream: 1, Array(repeating: 0, count: 16_384)))
    #expect(throws: FrameError.largeHeaderBlock(limit: 32_768)) {
      try connection.received(Frames.frame(9, stream: 1, [0]))
    }
    for interruption in [Frames.frame(6, Array(repeating: 0, count: 8)), Frames.frame(9, stream: 3), Frames.frame(20)] {
      connection = ScannedConnection()
      try connection.received(Frames.settings + Frames.headers(1, flags: 0))
      #expect(throws: FrameError.brokenHeaderBlock) { try connection.received(interruption) }
    }
    connection = ScannedConnection()
    try connection.received(Frames.settings)
    #expect(throws: FrameError.brokenHeaderBlock) { try connection.received(Frames.frame(9, stream: 1, [0])) }
    #expect(throws: FrameError.push) { try connection.received(Frames.frame(5, stream: 1, [0, 0, 0, 2])) }
  }
}

@Suite("A message that declares more than its bound ends its stream, and no other")
struct DeclaredMessageTests {
  /// RESOURCE_EXHAUSTED in trailers: literals that change no table of HPACK's.
  static func trailers(_ stream: Int, _ text: String) -> [UInt8] {
    let block =
      [0, 11] + Array("grpc-status".utf8) + [1] + Array("8".utf8) + [0, 12] + Array("grpc-message".utf8)
      + [UInt8(text.utf8.count)] + Array(text.utf8)
    return Frames.frame(1, flags: 5, stream: stream, block)
  }
  static let refusal = trailers(3, "the server sent a message of 1000000000 bytes; at most 1000 are accepted")

  @Test("The trailers follow the frame with the prefix, however it is cut; the other stream goes on")
  func refusal() throws {
    let before = Frames.settings + Frames.headers(1) + Frames.headers(3) + Frames.data(1, Frames.message(500, 100))
    let large = Frames.data(3, Frames.message(20) + Frames.message(1_000_000_000, 40))
    let after = Frames.data(1, Array(repeating: 7, count: 400)) + Frames.data(1, Frames.message(1_000))
    for size in 1...(before + large + after).count {
      var connection = ScannedConnection(streams: [1, 3])
      var rest = (before + large + after)[...]
      while !rest.isEmpty {
        try connection.received(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      try #require(connection.seen == before + large + Self.refusal + after, "in pieces of \(size)")
    }
  }

  @Test("A prefix in five frames counts as one")
  func crumbs() throws {
    var connection = ScannedConnection(streams: [3])
    let crumbs = Frames.message(1_000_000_000, 0).map { Frames.data(3, [$0]) }
    try connection.received(Frames.settings + crumbs.joined())
    #expect(connection.seen == Frames.settings + crumbs.joined() + Self.refusal)
  }

  @Test("What is still in flight passes, for the core to account for; who goes on without end is closed")
  func inFlight() throws {
    var connection = ScannedConnection(streams: [3])
    try connection.received(Frames.settings + Frames.data(3, Frames.message(1_000_000_000, 0)))
    let part = Frames.data(3, Array(repeating: 0, count: 16_000))
    for _ in 0..<262 { try connection.received(part) }
    #expect(connection.seen.suffix(part.count) == part[...])
    #expect(throws: FrameError.strayData) { for _ in 0..<2 { try connection.received(part) } }
  }

  @Test("A stream that the client resets is not followed any more, and its number is free")
  func reset() throws {
    var connection = ScannedConnection(streams: [1])
    try connection.received(Frames.settings + Frames.data(1, Frames.message(900, 10)))
    connection.sent(Frames.frame(3, stream: 1, [0, 0, 0, 8]))
    try connection.received(Frames.data(1, Frames.message(1_000_000_000, 10)))
    #expect(connection.seen.suffix(24) == Frames.data(1, Frames.message(1_000_000_000, 10))[...])
  }
}

@Suite("A server that sends much is slowed down, not cut off")
struct PacingTests {
  @Test("Small messages: as many as fifty calls send at once, and some thousands a second")
  func messages() throws {
    var connection = ScannedConnection()
    try connection.received(Frames.settings)
    var sent = 0
    for _ in 0..<10_000 {
      while connection.scanner.pause(now: connection.now) > 0 { connection.wait(milliseconds: 1) }
      // A frame of a hundred empty messages costs as much as they do.
      try connection.received(Frames.data(1, Array((0..<100).map { _ in Frames.message(0) }.joined())))
      sent += 100
    }
    let seconds = Double(connection.now - 1_000_000_000) / 1e9
    #expect((4_500...5_500).contains(Double(sent - 2_500) / 1.01 / seconds))
  }

  @Test("Bytes: a few megabytes at once, sixteen a second")
  func bytes() throws {
    var connection = ScannedConnection(limits: GuardLimits(maximumMessage: 1 << 30))
    try connection.received(Frames.settings + Frames.data(1, Frames.message(1 << 29, 0)))
    var sent = 0
    while connection.scanner.pause(now: connection.now) == 0 {
      try connection.received(Frames.data(1, Array(repeating: 0, count: 16_000)))
      sent += 16_000
    }
    #expect((4_000_000...4_300_000).contains(sent))
    for _ in 0..<4_000 {
      while connection.scanner.pause(now: connection.now) > 0 { connection.wait(milliseconds: 1) }
      try connection.received(Frames.data(1, Array(repeating: 0, count: 16_000)))
    }
    let seconds = Double(connection.now - 1_000_000_000) / 1e9
    #expect((3.5...4.2).contains(seconds))
  }

  @Test("A call's own pace is never slowed down: fifty calls in frames of 20 ms")
  func calls() throws {
    var connection = ScannedConnection(streams: (0..<50).map { 2 * $0 + 1 })
    try connection.received(Frames.settings)
    for _ in 0..<500 {
      for call in 0..<50 { try connection.received(Frames.data(2 * call + 1, Frames.message(180))) }
      #expect(connection.scanner.pause(now: connection.now) == 0)
      connection.wait(milliseconds: 20)
    }
  }
}
