import Foundation
import Locking
import Testing
import WebSockets

@testable import HTTPServing

/// A receiver that writes down what it is told.
private final class Notes: WebSocketReceiver {
  struct State: Sendable {
    var socket: ServerWebSocket?
    var messages: [WebSocketMessage] = []
    var ends: [Result<Void, WebSocketError>] = []
    var roomMade = 0
  }

  let state = Locked(State())
  /// Whether a message is sent back, and done with at once.
  let echoes: Bool
  /// Whether what is not sent back is done with at once.
  let takes: Bool

  init(echoes: Bool = true, takes: Bool = true) {
    self.echoes = echoes
    self.takes = takes
  }

  func opened(_ socket: ServerWebSocket) { state.withLock { $0.socket = socket } }

  func received(_ message: WebSocketMessage) {
    state.withLock { $0.messages.append(message) }
    guard let socket else { return }
    if takes { socket.taken(bytes: message.bytes.count) }
    if echoes { socket.send(message.bytes, as: message.kind) }
  }

  func writable() { state.withLock { $0.roomMade += 1 } }
  func ended(_ end: Result<Void, WebSocketError>) { state.withLock { $0.ends.append(end) } }

  var socket: ServerWebSocket? { state.withLock { $0.socket } }
  var messages: [WebSocketMessage] { state.withLock { $0.messages } }

  /// How the socket ended, once it has.
  func end() -> WebSocketError.Code? {
    wait { !$0.ends.isEmpty }
    let ends = state.withLock { $0.ends }
    guard ends.count == 1, case .failure(let error)? = ends.first else { return nil }
    return error.code
  }

  /// Waits three seconds at most.
  @discardableResult
  func wait(until isSo: (State) -> Bool) -> Bool {
    for _ in 0..<600 {
      if state.withLock({ isSo($0) }) { return true }
      usleep(5_000)
    }
    return false
  }
}

/// A site that lets in who shows a token.
private struct Door: HTTPSite {
  let notes: Notes
  var limits = WebSocketLimits()
  /// The decision comes later, and from another thread.
  var delay: Duration?

  func respond(to request: ServerRequest) -> ServerResponse { .text(200, "a page") }

  func upgrade(_ request: ServerRequest, decide: @escaping @Sendable (UpgradeDecision) -> Void) {
    guard request.path == "/socket" else { return decide(.refuse(.text(404, "no socket here"))) }
    guard request.authorization == "Bearer t" else {
      return decide(.refuse(.text(401, "a token is needed", fields: [("WWW-Authenticate", "Bearer")])))
    }
    let notes = notes
    let limits = limits
    guard let delay else {
      return decide(.accept(notes, limits: limits, subprotocol: request.field("Sec-WebSocket-Protocol")))
    }
    Task.detached {
      try? await Task.sleep(for: delay)
      decide(.accept(notes, limits: limits))
      decide(.refuse(.text(500, "twice")))
    }
  }
}

@Suite("A WebSocket that a client opens")
struct WebSocketServerTests {
  private static let handshake =
    "GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
  private static let token = "Authorization: Bearer t\r\n"

  private func server(_ site: Door, _ edit: (inout HTTPLimits) -> Void = { _ in }) throws -> HTTPServer {
    var limits = HTTPLimits()
    limits.sockets = 4
    edit(&limits)
    return try HTTPServer(.init(host: "127.0.0.1", port: 0), site, name: "test", limits: limits, logger: silent)
  }

  /// An open socket with what its server side notes, and a client that is past the handshake.
  private func open(
    _ notes: Notes = Notes(), receiveBuffer: Int32? = nil, _ edit: (inout WebSocketLimits) -> Void = { _ in }
  ) throws -> (server: HTTPServer, notes: Notes, client: RawClient) {
    var limits = WebSocketLimits()
    edit(&limits)
    let server = try server(Door(notes: notes, limits: limits))
    let client = try RawClient(server.port, receiveBuffer: receiveBuffer)
    client.send(Self.handshake + Self.token + "\r\n")
    #expect(client.readHead().hasPrefix("HTTP/1.1 101 "))
    return (server, notes, client)
  }

  /// A client's frame, masked unless said otherwise.
  private func frame(_ first: UInt8, _ payload: [UInt8] = [], isMasked: Bool = true) -> [UInt8] {
    let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
    var bytes: [UInt8] = [first]
    let bit: UInt8 = isMasked ? 0x80 : 0
    switch payload.count {
    case ...125: bytes.append(bit | UInt8(payload.count))
    case ...65_535: bytes += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default: bytes += [bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
    }
    guard isMasked else { return bytes + payload }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  /// The code in the close frame that a server ends with, after its other frames were skipped.
  private func closeCode(_ client: RawClient) -> Int? {
    while true {
      let head = client.read(2)
      guard head.count == 2 else { return nil }
      var length = Int(head[1])
      if length == 126 { length = client.read(2).reduce(0) { $0 << 8 | Int($1) } }
      if length == 127 { length = client.read(8).reduce(0) { $0 << 8 | Int($1) } }
      let payload = client.read(length)
      guard head[0] == 0x88 else { continue }
      return payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005
    }
  }

  @Test("opens with the answer that RFC 6455 gives as its example, and with the subprotocol of the site's choice")
  func handshakes() throws {
    let notes = Notes()
    let server = try server(Door(notes: notes))
    let client = try RawClient(server.port)
    // The first frame comes with the request.
    client.send(
      Array((Self.handshake + Self.token + "Sec-WebSocket-Protocol: va\r\n\r\n").utf8) + frame(0x81, Array("hi".utf8)))
    let head = client.readHead()
    #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
    for field in [
      "Upgrade: websocket", "Connection: upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      "Sec-WebSocket-Protocol: va",
    ] { #expect(head.contains("\r\n\(field)\r\n")) }
    #expect(client.read(4) == [0x81, 0x02, 0x68, 0x69])
    #expect(notes.messages == [WebSocketMessage(kind: .text, bytes: [0x68, 0x69])])
  }

  @Test("does not open without the site's leave: the answer is plain HTTP, with its body")
  func refusals() throws {
    let notes = Notes()
    let server = try server(Door(notes: notes))
    func answer(_ request: String) throws -> String {
      let client = try RawClient(server.port)
      client.send(request)
      return client.readText() ?? ""
    }
    let stranger = try answer(Self.handshake + "\r\n")
    #expect(stranger.hasPrefix("HTTP/1.1 401 ") && stranger.hasSuffix("a token is needed\n"))
    #expect(stranger.contains("\r\nWWW-Authenticate: Bearer\r\n"))
    for (old, new, status) in [
      ("/socket", "/other", 404), ("Version: 13", "Version: 8", 426), ("Sec-WebSocket-Version: 13\r\n", "", 426),
      ("dGhlIHNhbXBsZSBub25jZQ==", "dGhl", 400), ("Key: dGhl", "Key: dGh!", 400),
      ("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key", 400),
      ("Host: a\r\n", "Host: a\r\nContent-Length: 1\r\n", 400),
      // What does not ask for a WebSocket gets the page.
      ("Upgrade: websocket", "Upgrade: h2c", 200), ("keep-alive, Upgrade", "keep-alive", 200), ("GET", "HEAD", 200),
    ] {
      let request = (Self.handshake + Self.token).replacing(old, with: new)
      #expect(try answer(request + "\r\n").hasPrefix("HTTP/1.1 \(status) "), "\(new)")
    }
    #expect(notes.socket == nil)
  }

  @Test("may be decided about later, once, and not for ever")
  func decisions() throws {
    let notes = Notes()
    let later = try server(Door(notes: notes, delay: .milliseconds(100)))
    let client = try RawClient(later.port)
    client.send(Array((Self.handshake + Self.token + "\r\n").utf8) + frame(0x81, [0x41]))
    #expect(client.readHead().hasPrefix("HTTP/1.1 101 "))
    #expect(client.read(3) == [0x81, 0x01, 0x41])
    let never = try server(Door(notes: Notes(), delay: .seconds(60))) { $0.decision = .milliseconds(100) }
    let waiting = try RawClient(never.port)
    waiting.send(Self.handshake + Self.token + "\r\n")
    #expect(waiting.readText()?.hasPrefix("HTTP/1.1 503 ") ?? false)
  }

  @Test("is one of a bounded number, and no longer one of the connections that make room")
  func numbers() throws {
    let server = try server(Door(notes: Notes())) {
      $0.sockets = 2
      $0.connections = 2
      $0.patience = .milliseconds(200)
      $0.requestTime = .milliseconds(200)
    }
    let clients = try (0..<2).map { _ in
      let client = try RawClient(server.port)
      client.send(Self.handshake + Self.token + "\r\n")
      #expect(client.readHead().hasPrefix("HTTP/1.1 101 "))
      return client
    }
    for _ in 0..<4 {
      let third = try RawClient(server.port)
      third.send(Self.handshake + Self.token + "\r\n")
      #expect(third.readText()?.hasPrefix("HTTP/1.1 503 ") ?? false)
    }
    usleep(400_000)
    clients[1].send(frame(0x81, [0x41]))
    #expect(clients[1].read(3) == [0x81, 0x01, 0x41], "silence does not end it")
    clients[0].send(frame(0x88, [0x03, 0xE8]))
    #expect(closeCode(clients[0]) == 1000)
    _ = clients[0].readAll()
    let next = try RawClient(server.port)
    next.send(Self.handshake + Self.token + "\r\n")
    #expect(next.readHead().hasPrefix("HTTP/1.1 101 "))
  }

  @Test("carries whole messages in order, of both kinds, in fragments and with pings between them")
  func messages() throws {
    let (server, notes, client) = try open()
    client.send(frame(0x01, Array("ab".utf8)) + frame(0x89, [0x2E]) + frame(0x00) + frame(0x80, Array("c".utf8)))
    client.send(frame(0x82, [0, 0xFF]))
    #expect(client.read(3) == [0x8A, 0x01, 0x2E])
    #expect(client.read(5) == [0x81, 0x03] + Array("abc".utf8))
    #expect(client.read(4) == [0x82, 0x02, 0, 0xFF])
    let long = [UInt8](repeating: 0x78, count: 70_000)
    client.send(frame(0x81, long))
    #expect(client.read(10 + long.count) == [0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70] + long)
    #expect(notes.messages.map(\.kind) == [.text, .binary, .text])
    client.send(frame(0x88, [0x0F, 0xA1]))
    #expect(closeCode(client) == 4001)
    #expect(notes.end() == .closed)
    withExtendedLifetime(server) {}
  }

  @Test(
    "ends where the client breaks the rules or the bounds, and says with which code",
    arguments: [
      ("unmasked", 1002), ("reserved bits", 1002), ("kind", 1002), ("continuation", 1002), ("within", 1002),
      ("long ping", 1002), ("ping in parts", 1002), ("close code", 1002), ("text", 1007), ("frame", 1009),
      ("message", 1009), ("crumbs", 1009),
    ])
  func violations(kind: String, code: Int) throws {
    let (server, notes, client) = try open { limits in
      limits.maximumFrame = 1_000
      limits.maximumMessage = 5_000
      limits.framesPerSecond = 100_000
    }
    let bytes: [UInt8] =
      switch kind {
      case "unmasked": frame(0x81, [0x41], isMasked: false)
      case "reserved bits": frame(0xC1, [0x41])
      case "kind": frame(0x83)
      case "continuation": frame(0x80, [0x41])
      case "within": frame(0x01, [0x41]) + frame(0x81, [0x41])
      case "long ping": frame(0x89, [UInt8](repeating: 0, count: 126))
      case "ping in parts": frame(0x09)
      case "close code": frame(0x88, [0x03, 0xED])
      case "text": frame(0x81, [0xFF])
      case "frame": frame(0x81, [UInt8](repeating: 0x41, count: 100_000))
      case "message":
        frame(0x01, [0x41])
          + Array(repeatElement(frame(0x00, [UInt8](repeating: 0x41, count: 1_000)), count: 5).joined())
      default: frame(0x01, [0x41]) + Array(repeatElement(frame(0x00), count: 4_096).joined())
      }
    client.send(bytes)
    #expect(closeCode(client) == code)
    #expect(notes.end() == (code == 1009 ? .tooLarge : .violation))
    #expect(notes.messages.isEmpty)
    withExtendedLifetime(server) {}
  }

  @Test("is read no faster than its bounds allow: a flood of pings or of crumbs costs little, and then ends it")
  func floods() throws {
    let (server, notes, client) = try open { limits in
      limits.framesPerSecond = 20_000
      limits.pingInterval = nil
    }
    let began = ContinuousClock.now
    let ping = frame(0x89)
    for _ in 0..<20 { client.send(Array(repeatElement(ping, count: 1_000).joined())) }
    #expect(closeCode(client) == 1002)
    #expect(notes.end() == .violation)
    #expect(ContinuousClock.now - began < .seconds(20))
    withExtendedLifetime(server) {}
  }

  @Test("holds up a client whose messages nobody takes, and goes on when they are taken")
  func untaken() throws {
    let (server, notes, client) = try open(Notes(echoes: false, takes: false)) { limits in
      limits.maximumReceived = 20_000
      limits.maximumMessage = 10_000
    }
    for _ in 0..<20 { client.send(frame(0x82, [UInt8](repeating: 1, count: 10_000))) }
    notes.wait { $0.messages.count >= 2 }
    usleep(200_000)
    let held = notes.messages.count
    #expect((2...4).contains(held), "what one read from the network had brings a little more")
    for _ in 0..<20 {
      notes.socket?.taken(bytes: 10_000)
      usleep(10_000)
    }
    #expect(notes.wait { $0.messages.count == 20 })
    withExtendedLifetime(server) {}
  }

  @Test("refuses to send more than waits for a client that does not read, counts it, and says when there is room")
  func slowReader() throws {
    let (server, notes, client) = try open(receiveBuffer: 65_536) { $0.maximumUnsent = 100_000 }
    let socket = try #require(notes.socket)
    let message = [UInt8](repeating: 0x41, count: 10_000)
    var accepted = 0
    while accepted < 10_000, socket.send(message) {
      accepted += 1
      // As fast as the network takes them.
      if socket.pendingBytes > 50_000 { usleep(2_000) }
    }
    #expect(socket.droppedMessages == 1 && accepted < 1_000)
    #expect((100_000...110_000).contains(socket.pendingBytes))
    for _ in 0..<accepted {
      let head = client.read(4)
      #expect(head == [0x81, 126, 0x27, 0x10])
      #expect(client.read(10_000).count == 10_000)
    }
    // The client may have the last bytes before the server knows that they are gone.
    #expect(notes.wait { $0.roomMade > 0 && socket.pendingBytes == 0 })
    #expect(socket.send(message))
    withExtendedLifetime(server) {}
  }

  @Test("is closed by us with a code, after what was sent before; nothing is received then")
  func closing() throws {
    let (server, notes, client) = try open(Notes(echoes: false)) { $0.closeTimeout = .milliseconds(300) }
    let socket = try #require(notes.socket)
    socket.send(Array("bye".utf8))
    socket.close(code: 1013)
    #expect(client.read(5) == [0x81, 0x03] + Array("bye".utf8))
    #expect(closeCode(client) == 1013)
    client.send(frame(0x81, [0x41]))
    #expect(client.readAll() != nil, "it is cut off where the client does not close")
    #expect(notes.wait { $0.ends.count == 1 })
    #expect(notes.end() == nil && notes.messages.isEmpty && !socket.isOpen && !socket.send([0x41]))
    withExtendedLifetime(server) {}
  }

  @Test("is lost where the client goes without a word, or answers no pings")
  func lost() throws {
    do {
      let (server, notes, client) = try open()
      client.finishSending()
      #expect(notes.end() == .lost)
      withExtendedLifetime(server) {}
    }
    let (server, notes, client) = try open { $0.pingInterval = .milliseconds(50) }
    #expect(client.read(2) == [0x89, 0x00])
    #expect(notes.end() == .timeout)
    withExtendedLifetime(server) {}
  }

  @Test("is closed with 1001 when the server ends, and stays open while it only accepts no more")
  func ending() throws {
    let (server, notes, client) = try open()
    server.stopAccepting()
    usleep(50_000)
    #expect(throws: POSIXError.self) { _ = try RawClient(server.port) }
    client.send(frame(0x81, [0x41]))
    #expect(client.read(3) == [0x81, 0x01, 0x41])
    let reader = Thread { server.stop() }
    reader.start()
    #expect(closeCode(client) == 1001)
    client.send(frame(0x88, [0x03, 0xE9]))
    _ = client.readAll()
    #expect(notes.wait { $0.ends.count == 1 } && notes.end() == nil)
  }
}
