import GRPCTransport
import Logging
import WebexProtocol

/// One interaction of a socket, as its conversation sees it. On the call's loop.
final class SocketLine: ArrivingLine {
  let id = RPCID.next()
  let method = SessionMethod.socket
  /// Its number within the socket; 0 is the line that lasts as long as the conversation.
  let number: Int
  let carriesAudio: Bool
  private let call: SocketSession

  init(_ number: Int, carriesAudio: Bool = false, of call: SocketSession) {
    self.number = number
    self.carriesAudio = carriesAudio
    self.call = call
  }

  var loop: any LoopExecutor { call.loop }
  var authorization: String? { call.authorization }
  var trackingID: String? { call.trackingID }
  var subject: Logger.Metadata {
    get { call.subject }
    set { call.subject = newValue }
  }

  func trace(as status: SessionStatus) { call.trace(as: status) }

  func send(_ message: [UInt8]) {
    guard let response = try? VoiceResponse(decoding: message) else {
      return assertionFailure("a conversation sends nothing but its own answers")
    }
    send(response)
  }

  func send(_ response: VoiceResponse) { call.respond(response, on: self) }
  func finish(_ status: RPCStatus, lingering: Duration) { call.finish(self, status, lingering: lingering) }
  func refuse(_ error: any Error) { call.refuse(error, on: self) }
  func pause(for time: Duration) { call.pause(for: time) }
}
