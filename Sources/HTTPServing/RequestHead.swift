import Basics
import NIOHTTP1

/// What a parsed head means for its connection.
struct RequestHead {
  /// The request, without its body.
  var request: ServerRequest
  /// The body's announced length; `nil` where it comes in chunks.
  var length: Int?
  /// The client sends its body only when it is told to.
  var expectsContinue: Bool
  /// The client wants a WebSocket.
  var wantsSocket: Bool

  /// - Throws: the answer to a head that is no request.
  init(_ head: HTTPRequestHead, peer: String?) throws(RefusalError) {
    let hosts = head.headers["Host"].count
    guard hosts == 1 || hosts == 0 && head.version == .http1_0 else {
      throw RefusalError(.text(400, "a request has one Host"))
    }
    guard head.headers["Authorization"].count < 2 else {
      throw RefusalError(.text(400, "a request has one Authorization"))
    }
    let isChunked = head.headers.contains(name: "Transfer-Encoding")
    length = isChunked ? nil : head.headers.first(name: "Content-Length").map { Int($0) ?? .max } ?? 0
    expectsContinue =
      head.version != .http1_0 && head.headers[canonicalForm: "Expect"].contains { $0.lowercased() == "100-continue" }
    func lists(_ name: String, _ token: String) -> Bool {
      head.headers[canonicalForm: name].contains { $0.lowercased() == token }
    }
    wantsSocket =
      head.method == .GET && head.version == .http1_1 && lists("Connection", "upgrade") && lists("Upgrade", "websocket")
    let target = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    request = ServerRequest(
      method: head.method.rawValue, path: Self.decoded(target.first ?? ""),
      query: target.count > 1 ? String(target[1]) : nil, fields: head.headers.map { ($0.name, $0.value) }, peer: peer,
      hasBody: length != 0)
  }

  /// Why a request is not looked at.
  struct RefusalError: Error {
    var response: ServerResponse

    init(_ response: ServerResponse) { self.response = response }
  }

  /// What is wrong with a request for a WebSocket (RFC 6455, section 4.2.1), if anything is.
  static func objection(toSocket request: ServerRequest) -> ServerResponse? {
    guard !request.hasBody else { return .text(400, "a request for a WebSocket has no body") }
    guard request.field("Sec-WebSocket-Version") == "13" else {
      return .text(426, "only version 13 of WebSocket is spoken here", fields: [("Sec-WebSocket-Version", "13")])
    }
    let key = request.field("Sec-WebSocket-Key") ?? ""
    // Sixteen bytes in Base64.
    let isKey = key.utf8.count == 24 && key.hasSuffix("==") && key.dropLast(2).isWord(with: "+/")
    return isKey ? nil : .text(400, "Sec-WebSocket-Key is not 16 bytes in Base64")
  }

  /// A target's `%` signs, decoded; what is not UTF-8 then becomes U+FFFD.
  private static func decoded(_ text: Substring) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    let bytes = Array(text.utf8)
    var decoded: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = hex(bytes[index + 1]),
        let low = hex(bytes[index + 2])
      {
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}
