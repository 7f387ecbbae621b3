import AudioCodecs
import Basics
import GRPCTransport
import WebSocketClient
import WebSockets
import WebexProtocol
import WebexSocketProtocol

/// A call over one WebSocket: what the caller does in RPCs becomes messages, and messages become the RPCs' answers.
///
/// `@unchecked Sendable`: after `init`, everything is touched on the call's loop only.
final class SocketCallWire: CallWire, @unchecked Sendable {
  private enum State {
    case idle
    /// These messages wait for the upgrade.
    case connecting([[UInt8]])
    case open(WebSocket)
    /// With what a further interaction ends.
    case over(RPCStatus)
  }

  private unowned let owner: LiveCall
  private let loop: EventLoop
  private let route: SocketRoute
  private let audio: WireAudio
  private let headers: [(name: String, value: String)]
  private let format: AudioFormat
  /// Frames in a message.
  private let framesInMessage: Int
  private var state = State.idle
  private var writer: SocketRequestWriter
  private var reader: SocketResponseReader
  private var interactions = SocketInteractions()
  /// Audio that waits until a message is full, and on which interaction.
  private var pending: (rpc: Int, frames: Int, bytes: [UInt8]) = (0, 0, [])
  /// The socket is closed, or was never open.
  private var isClosed = true
  private var whenClosed: (() -> Void)?
  /// The server's ERROR.
  private var said: (code: String, status: Int, detail: String)?

  init(_ owner: LiveCall, over route: SocketRoute, on loop: EventLoop, audio: WireAudio, trackingID: String) {
    self.owner = owner
    self.loop = loop
    self.route = route
    self.audio = audio
    let settings = owner.caller.settings
    headers = route.headers(trackingID: trackingID)
    format = settings.format
    let frame = max(1, Int(Double(settings.format.bytesPerSecond) * (settings.frameLength / .seconds(1))))
    framesInMessage = max(
      1, route.chunk.map { $0 / frame } ?? Int((SocketRoute.standardChunk / settings.frameLength).rounded()))
    writer = SocketRequestWriter(
      conversation: settings.conversation, organization: settings.organization, agent: settings.agent)
    writer.vendorConfiguration = settings.vendorConfiguration
    writer.additionalInfo = settings.additionalInfo
    reader = SocketResponseReader(conversation: settings.conversation)
  }

  // MARK: From the caller

  func open(_ rpc: Int) {
    switch state {
    case .idle:
      interactions.open(rpc)
      connect()
    case .connecting, .open: interactions.open(rpc)
    case .over(let status): end([rpc], status)
    }
  }

  func send(_ input: VoiceRequest.Input, on rpc: Int) -> Bool {
    let over = interactions.sent(input, on: rpc)
    let isSent = send(writer.request(input, wall: WallClock.nanoseconds))
    end(over)
    return isSent
  }

  func send(_ frame: CallerFrame, on rpc: Int) -> Bool {
    interactions.sentAudio(on: rpc)
    if pending.rpc != rpc { pending = (rpc, 0, []) }
    pending.bytes += audio.bytes(frame)
    pending.frames += 1
    guard pending.frames >= framesInMessage else { return true }
    let message = writer.audio(pending.bytes, format, wall: WallClock.nanoseconds)
    pending.frames = 0
    pending.bytes.removeAll(keepingCapacity: true)
    return send(message)
  }

  func halfClose(_ rpc: Int) {
    // The platform stops in the middle of a message too.
    if pending.rpc == rpc { pending = (0, 0, []) }
    end(interactions.halfClose(rpc))
  }

  func cancel(_ rpc: Int) { interactions.cancel(rpc) }

  func finish(_ outcome: CallOutcome) {
    if case .open(let socket) = state {
      if outcome == .vanished { socket.cutOff() } else { socket.close() }
    }
    state = .over(RPCStatus(.cancelled, "The call is over."))
  }

  func whenClosed(_ work: @escaping () -> Void) { if isClosed { work() } else { whenClosed = work } }

  private func send(_ message: [UInt8]) -> Bool {
    switch state {
    case .idle, .over: return true
    case .connecting(let waiting):
      // Few: there is no audio before the server has answered the first of them.
      state = .connecting(waiting + [message])
      return true
    case .open(let socket): return socket.send(message)
    }
  }

  /// Interactions that are over, told when the caller's actions have been carried out.
  private func end(_ over: [Int], _ status: RPCStatus = RPCStatus(.ok)) {
    guard !over.isEmpty else { return }
    let own = LoopBound(owner, loop: loop)
    loop.execute { for rpc in over { own.value.ended(status, on: rpc) } }
  }

  // MARK: The socket

  private func connect() {
    state = .connecting([])
    isClosed = false
    // Both are kept alive until the socket has ended, also where the call is over before.
    let own = LoopBound((owner: owner, wire: self), loop: loop)
    Task { [route, headers, loop] in
      do throws(WebSocketError) {
        let socket = try await route.client.connect(to: route.address, headers: headers, limits: SocketRoute.limits)
        loop.execute { own.value.wire.opened(socket) }
        while let message = try await socket.receive() {
          loop.execute { own.value.wire.received(message) }
        }
        loop.execute { own.value.wire.ended(WebSocketError(.closed, "The call is over.", closeCode: 1000)) }
      } catch { loop.execute { own.value.wire.ended(error) } }
    }
  }

  private func opened(_ socket: WebSocket) {
    guard case .connecting(let waiting) = state else { return socket.close() }
    state = .open(socket)
    owner.connected(1)
    for message in waiting { _ = socket.send(message) }
  }

  private func received(_ message: WebSocketMessage) {
    guard case .open = state else { return }
    guard message.kind == .text else { return unreadable("a binary frame") }
    do throws(SocketProtocolError) {
      switch try reader.read(message.bytes).content {
      case .ping, .pong: break
      case .error(let code, let status, let detail): said = (code, status, detail)
      case .response(let response):
        let reception = interactions.received(response)
        if let rpc = reception.rpc { owner.received(response, on: rpc) } else { owner.receivedUnasked() }
        for rpc in reception.completed { owner.ended(RPCStatus(.ok), on: rpc) }
      }
    } catch { unreadable(error.detail) }
  }

  private func unreadable(_ why: String) { owner.couldNotRead(why, on: interactions.rpcs.last ?? 0) }

  private func ended(_ error: WebSocketError) {
    isClosed = true
    defer {
      whenClosed?()
      whenClosed = nil
    }
    if case .over = state { return }
    let status = RPCStatus(error, said: said)
    state = .over(status)
    let open = interactions.rpcs
    interactions = SocketInteractions()
    for rpc in open { owner.ended(status, on: rpc) }
  }
}
