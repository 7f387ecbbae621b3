import JSONText

/// Looks at the messages of a server on one socket, one after the other: the envelope, the numbers, the schema's closed
/// objects. Pure, and bounded by what is read of a message.
struct SocketMessageCheck: Sendable {
  /// The rules that every message is looked at for.
  static let rules = [
    "socket.envelope", "socket.time", "socket.sequence", "socket.conversation", "socket.fields", "socket.prompts",
    "socket.chunks-only",
  ]

  private let conversation: String
  private var last = 0

  /// Nothing came yet.
  init(conversation: String) { self.conversation = conversation }

  /// The message of a text frame.
  mutating func read(_ bytes: [UInt8]) -> SocketSight {
    var sight = SocketSight()
    guard let root = (try? JSONDocument(bytes))?.root, root.kind == .object else {
      sight.breaks("socket.envelope", "A message of \(bytes.count) bytes is no JSON object.")
      return sight
    }
    readEnvelope(root, &sight)
    switch root["type"]?.string {
    case "VOICE_VA_RESPONSE":
      guard let payload = root["payload"], payload.kind == .object else {
        sight.breaks("socket.envelope", "A VOICE_VA_RESPONSE has no payload.")
        break
      }
      sight.content = .response(SocketPayloadCheck.response(payload, &sight))
    case "ERROR": sight.content = Self.error(root, &sight)
    case "PING": sight.content = .ping
    case "PONG": sight.content = .pong
    case let type?: sight.breaks("socket.envelope", "The type \(type.quotedForMessage) is none that a server sends.")
    case nil: sight.breaks("socket.envelope", "A message has no type.")
    }
    return sight
  }

  private mutating func readEnvelope(_ root: JSONElement, _ sight: inout SocketSight) {
    let type = root["type"]?.string
    var names = ["type", "seq", "ts", "conversation_id", "metadata"]
    if type == "VOICE_VA_RESPONSE" { names.append("payload") }
    if type == "ERROR" { names += ["code", "status", "detail"] }
    SocketPayloadCheck.fields(of: root, among: names, "the envelope", &sight)
    if let time = root["ts"]?.string {
      if !Self.isTime(time) {
        sight.breaks("socket.time", "ts is \(time.quotedForMessage), not a time of RFC 3339.")
      }
    } else {
      sight.breaks("socket.envelope", "A message has no ts.")
    }
    let id = root["conversation_id"]?.string
    if id == nil { sight.breaks("socket.envelope", "A message has no conversation_id.") }
    // A server that could not read the first message does not know the conversation.
    if let id, id != conversation, type != "ERROR" {
      sight.breaks("socket.conversation", "conversation_id is \(id.quotedForMessage), not the call's.")
    }
    guard let sequence = root["seq"]?.wholeNumber, sequence >= 1 else {
      return sight.breaks("socket.envelope", "A message has no seq that is a whole number from 1.")
    }
    sight.sequence = sequence
    // A PONG has the number of its PING.
    guard type != "PONG" else { return }
    if sequence <= last { sight.breaks("socket.sequence", "seq \(sequence) came after \(last).") }
    last = max(last, sequence)
  }

  // MARK: Errors

  private static let codes = [
    "unauthorized", "bad_request", "unsupported_media", "upstream_error", "rate_limit", "timeout",
  ]

  private static func error(_ root: JSONElement, _ sight: inout SocketSight) -> SocketSight.Content {
    let code = root["code"]?.string ?? ""
    let status = root["status"]?.wholeNumber ?? 0
    if !codes.contains(code) {
      sight.breaks("socket.error-form", "The code of an ERROR is \(code.quotedForMessage).")
    } else if !(400...599).contains(status) {
      sight.breaks("socket.error-form", "The status of an ERROR is no whole number from 400 to 599.")
    } else if root["detail"]?.string == nil {
      sight.breaks("socket.error-form", "An ERROR has no detail.")
    }
    return .error(code: code, status: status)
  }

  // MARK: Times

  /// Whether a text is a time as RFC 3339 has it, with any fraction and offset.
  static func isTime(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (20...40).contains(bytes.count) else { return false }
    func number(_ range: Range<Int>, _ bounds: ClosedRange<Int>) -> Bool {
      guard range.upperBound <= bytes.count, let value = Int(String(decoding: bytes[range], as: UTF8.self)),
        bytes[range].allSatisfy({ (0x30...0x39).contains($0) })
      else { return false }
      return bounds.contains(value)
    }
    guard number(0..<4, 0...9999), bytes[4] == UInt8(ascii: "-"), number(5..<7, 1...12), bytes[7] == UInt8(ascii: "-"),
      number(8..<10, 1...31), bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
      number(11..<13, 0...23), bytes[13] == UInt8(ascii: ":"), number(14..<16, 0...59),
      bytes[16] == UInt8(ascii: ":"), number(17..<19, 0...60)
    else { return false }
    var rest = 19
    if bytes[rest] == UInt8(ascii: ".") {
      rest += 1
      let digits = bytes[rest...].prefix { (0x30...0x39).contains($0) }.count
      guard digits > 0 else { return false }
      rest += digits
    }
    let zone = bytes[rest...]
    if zone.count == 1 { return zone.first == UInt8(ascii: "Z") || zone.first == UInt8(ascii: "z") }
    return zone.count == 6 && (zone.first == UInt8(ascii: "+") || zone.first == UInt8(ascii: "-"))
      && number(rest + 1..<rest + 3, 0...23) && bytes[rest + 3] == UInt8(ascii: ":")
      && number(rest + 4..<rest + 6, 0...59)
  }
}
