import GRPCTransport
import WebexProtocol

/// What carries one call's actions to a server: there is one for each wire. On the call's loop.
protocol CallWire: AnyObject {
  func open(_ rpc: Int)
  /// - Returns: false where the message was dropped, because the server does not read.
  func send(_ input: VoiceRequest.Input, on rpc: Int) -> Bool
  /// - Returns: false where the audio was dropped, because the server does not read.
  func send(_ frame: CallerFrame, on rpc: Int) -> Bool
  func halfClose(_ rpc: Int)
  func cancel(_ rpc: Int)
  /// The call is over; nothing follows.
  func finish(_ outcome: CallOutcome)
  /// Does something when all that is this call's alone is closed.
  func whenClosed(_ work: @escaping () -> Void)
}

/// Where a loop's calls go.
enum CallCarrier {
  /// A connection, which calls share.
  case channel(GRPCChannel)
  /// A socket for each call.
  case sockets(SocketRoute)
}

/// A call over gRPC: each interaction is an RPC of its own.
final class GRPCCallWire: CallWire {
  private unowned let owner: LiveCall
  private let channel: GRPCChannel
  private let metadata: Metadata
  private let messages: CallerMessages
  private var lines: [Int: Line] = [:]

  init(_ owner: LiveCall, over channel: GRPCChannel, metadata: Metadata, messages: CallerMessages) {
    self.owner = owner
    self.channel = channel
    self.metadata = metadata
    self.messages = messages
  }

  func open(_ rpc: Int) {
    let line = Line(owner, rpc)
    lines[rpc] = line
    line.call = channel.startCall(path: CallRoute.path, metadata: metadata, handler: line)
  }

  func send(_ input: VoiceRequest.Input, on rpc: Int) -> Bool {
    guard let line = lines[rpc] else { return true }
    line.isFirst = false
    return line.call?.send(messages.event(input)) == true
  }

  func send(_ frame: CallerFrame, on rpc: Int) -> Bool {
    guard let line = lines[rpc] else { return true }
    let isSent = messages.withFrame(frame, isFirst: line.isFirst) { line.call?.send($0) }
    line.isFirst = false
    return isSent == true
  }

  func halfClose(_ rpc: Int) { lines[rpc]?.call?.halfClose() }

  func cancel(_ rpc: Int) { lines[rpc]?.call?.cancel() }

  func finish(_ outcome: CallOutcome) {}

  func whenClosed(_ work: @escaping () -> Void) { work() }

  fileprivate func ended(_ rpc: Int) { lines[rpc] = nil }

  /// One RPC.
  private final class Line: ClientCallHandler {
    /// Kept alive until the RPC has ended, also where the call is over before.
    let owner: LiveCall
    let rpc: Int
    var call: ClientCall?
    var isFirst = true

    init(_ owner: LiveCall, _ rpc: Int) {
      self.owner = owner
      self.rpc = rpc
    }

    func receivedInitialMetadata(_ metadata: Metadata) { owner.connected(rpc) }

    func received(_ bytes: UnsafeRawBufferPointer) {
      do { owner.received(try VoiceResponse(decoding: bytes), on: rpc) } catch {
        owner.couldNotRead("\(error)", on: rpc)
      }
    }

    func ended(_ status: RPCStatus, trailingMetadata: Metadata) {
      call = nil
      (owner.wire as? GRPCCallWire)?.ended(rpc)
      owner.ended(status, on: rpc)
    }
  }
}
