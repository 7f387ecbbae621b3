import Testing

@testable import RedisClient

@Suite("RESPParser reads answers in pieces of any size, and bounds each of them")
struct RESPParserTests {
  /// What comes of bytes that arrive in pieces of so many.
  private func parse(
    _ text: String, pieces: Int = .max, _ limits: RESPParser.Limits = RESPParser.Limits()
  ) throws(RESPError) -> [RESPValue] {
    var parser = RESPParser(limits)
    var values: [RESPValue] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieces))
      rest = rest.dropFirst(piece.count)
      try parser.feed(piece.span) { values.append($0) }
    }
    return values
  }

  private func refusal(_ text: String, _ change: (inout RESPParser.Limits) -> Void = { _ in }) -> RESPError? {
    var limits = RESPParser.Limits()
    change(&limits)
    do throws(RESPError) { _ = try parse(text, limits) } catch { return error }
    return nil
  }

  @Test("every kind of value is read, whole, byte by byte and in threes")
  func kinds() throws {
    let text =
      "+OK\r\n-ERR no\r\n:-42\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
      + "*3\r\n:1\r\n*2\r\n+x\r\n$1\r\ny\r\n$-1\r\n:7\r\n"
    let values: [RESPValue] = [
      .status("OK"), .refusal("ERR no"), .integer(-42), .bytes(Array("a\r\nb".utf8)), .bytes([]), .null, .null,
      .array([]), .array([.integer(1), .array([.status("x"), .bytes(Array("y".utf8))]), .null]), .integer(7),
    ]
    for pieces in [1, 3, .max] {
      let read = try parse(text, pieces: pieces)
      #expect(read == values, "in pieces of \(pieces)")
    }
  }

  @Test("what is no RESP is refused, and so is all that follows")
  func notRESP() throws {
    #expect(refusal("HTTP/1.1 400 Bad Request\r\n") == .unknownType(UInt8(ascii: "H")))
    #expect(refusal(":12a\r\n") == .badNumber)
    #expect(refusal(":\r\n") == .badNumber)
    #expect(refusal(":9223372036854775808\r\n") == .badNumber)
    #expect(refusal("$-2\r\n") == .badNumber)
    #expect(refusal("*-2\r\n") == .badNumber)
    #expect(refusal("+OK\n") == .badEnd)
    #expect(refusal("+O\rK\r\n") == .badEnd)
    #expect(refusal("\r\n") == .unknownType(13))
    #expect(refusal("$2\r\nabc\r\n") == .badEnd)
    #expect(refusal("$2\r\nab\n\r") == .badEnd)
    var parser = RESPParser()
    var values: [RESPValue] = []
    let bad = Array("?".utf8)
    let good = Array("+OK\r\n".utf8)
    #expect(throws: RESPError.unknownType(63)) { try parser.feed(bad.span) { values.append($0) } }
    #expect(throws: RESPError.unknownType(63)) { try parser.feed(good.span) { values.append($0) } }
    #expect(values.isEmpty)
  }

  @Test("lines, strings, depth, values and bytes are bounded before anything is set aside")
  func bounds() {
    #expect(refusal("+abcd\r\n") { $0.line = 4 } == .longLine(limit: 4))
    #expect(refusal("$9\r\n") { $0.string = 8 } == .longString(limit: 8))
    #expect(refusal("$9223372036854775807\r\n") == .longString(limit: 8 << 20))
    #expect(refusal("*1\r\n*1\r\n*1\r\n") { $0.depth = 2 } == .deep(limit: 2))
    #expect(refusal("*9\r\n") { $0.values = 8 } == .manyValues(limit: 8))
    #expect(refusal("*2\r\n*2\r\n:1\r\n:2\r\n*3\r\n") { $0.values = 5 } == .manyValues(limit: 5))
    #expect(refusal("*9223372036854775807\r\n") == .manyValues(limit: 1 << 18))
    #expect(
      refusal("*2\r\n$40\r\n\(String(repeating: "x", count: 40))\r\n$40\r\n") { $0.bytes = 80 } == .large(limit: 80))
  }

  @Test("the bounds are each answer's own")
  func eachAnswer() throws {
    var limits = RESPParser.Limits()
    (limits.values, limits.bytes) = (3, 40)
    let answer = "*2\r\n:1\r\n$10\r\n0123456789\r\n"
    let values = try parse(String(repeating: answer, count: 50), pieces: 7, limits)
    #expect(values.count == 50)
  }
}

@Suite("A RedisCommand is an array of strings on the wire")
struct RedisCommandTests {
  @Test("numbers, texts and bytes are written with their length in bytes")
  func wire() {
    let command = RedisCommand("SET", "schlüssel", .bytes([13, 10, 0]), .integer(-7))
    let wire =
      Array("*4\r\n$3\r\nSET\r\n$10\r\nschlüssel\r\n$3\r\n".utf8) + [13, 10, 0] + Array("\r\n$2\r\n-7\r\n".utf8)
    #expect(command.wire == wire)
  }

  @Test("a refusal of a cluster's is told apart from others")
  func refusals() {
    #expect(RedisError(refusal: "MOVED 3999 10.0.0.1:6381") == .moved(to: "10.0.0.1:6381"))
    #expect(RedisError(refusal: "ASK 3999 10.0.0.1:6381") == .moved(to: "10.0.0.1:6381"))
    #expect(RedisError(refusal: "ERR unknown command") == .refused("ERR unknown command"))
    #expect(RedisError(refusal: "NOSCRIPT No matching script.").isUnknownScript)
    #expect(RedisError(refusal: "READONLY You can't write against a read only replica.").isDemotion)
  }
}

@Suite("A RedisAddress is a URL whose parts have their defaults, and holds no password")
struct RedisAddressTests {
  @Test("the parts")
  func parts() throws {
    let short = try RedisAddress("redis://cache")
    #expect(!short.isSecure && short.host == "cache" && short.port == 6379 && short.database == 0 && short.user == nil)
    let long = try RedisAddress("rediss://patchbay@[::1]:6380/3")
    #expect(long.isSecure && long.host == "::1" && long.port == 6380 && long.database == 3 && long.user == "patchbay")
    #expect(long.description == "rediss://patchbay@[::1]:6380/3" && long.place == "[::1]:6380")
  }

  @Test(
    "what cannot be meant is refused",
    arguments: [
      "cache:6379", "http://cache", "redis://", "redis://:6379", "redis://cache:0", "redis://cache:65536",
      "redis://cache:x", "redis://cache/x", "redis://cache/-1", "redis://u:secret@cache", "redis://[::1", "redis://a b",
      "redis://cache?x=1",
    ])
  func refused(url: String) {
    #expect(throws: RedisAddressError.self) { try RedisAddress(url) }
  }

  @Test("a password in the URL is not repeated")
  func password() {
    #expect(throws: RedisAddressError("has a password: leave it out, and name a file that holds it")) {
      try RedisAddress("redis://u:secret@cache")
    }
  }
}
