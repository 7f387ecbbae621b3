import AudioCodecs
import GRPCTransport
import WebexProtocol

/// Where an RPC's answers go. The conversation may live on another loop than the RPC.
protocol InteractionLine: AnyObject {
  func send(_ response: VoiceResponse)
  /// Completes the RPC after what was sent.
  ///
  /// - Parameter tellsDelivery: the conversation is told whether the client had it all.
  func finish(_ status: RPCStatus, tellsDelivery: Bool)
  /// Reads no further message until ``resume()``: the caller's audio runs ahead of time.
  func pause()
  func resume()
}

/// One RPC, as its conversation sees it: the line, and the state of the audio on it.
final class Interaction {
  let id: RPCID
  let line: any InteractionLine
  let audio: CallerAudioDecoder
  var pace = RealTimeGuard()
  var carriesAudio = false
  /// No further input counts: it was completed or is gone.
  var isOver = false

  init(id: RPCID, line: any InteractionLine, audio: CallerAudioDecoder) {
    self.id = id
    self.line = line
    self.audio = audio
  }
}
