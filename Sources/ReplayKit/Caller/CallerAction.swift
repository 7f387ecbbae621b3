public import WebexProtocol

/// What a caller wants done on the wire, in order. RPCs are numbered from 1 in the order in which they are opened.
public enum CallerAction: Sendable, Equatable {
  /// Opens a `ProcessCallerInput` RPC.
  case open(rpc: Int)
  /// Sends a message.
  case send(rpc: Int, input: VoiceRequest.Input)
  /// Sends a frame of audio.
  case sendAudio(rpc: Int, CallerFrame)
  /// Says that nothing more will be sent in this RPC.
  case halfClose(rpc: Int)
  /// Gives an RPC up.
  case cancel(rpc: Int)
  /// Something to be told.
  case tell(CallEvent)
  /// The call is over; no action follows.
  case finish(CallOutcome)
}

/// A frame of the caller's audio.
public enum CallerFrame: Sendable, Equatable {
  /// Silence.
  case silence
  /// A piece of a clip.
  case speech(clip: Int, frame: Int)
  /// 20 ms as they came from a microphone, in the format of the wire.
  case live([UInt8])
}
