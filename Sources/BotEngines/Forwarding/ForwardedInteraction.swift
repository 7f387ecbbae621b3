import BotEngine
import GRPCTransport
import WebexProtocol
import Wire

/// One `ProcessCallerInput` RPC to another server. On its loop only.
final class ForwardedInteraction: ClientCallHandler {
  /// Gone where the call is over before the RPC is.
  private weak var owner: ForwardedConversation?
  private let settings: ForwardingSettings
  private let room: RoomWatch
  private var rpc: (any OutgoingRPC)?
  private var isCancelled = false

  /// Whether it carries the caller's voice.
  let carriesAudio: Bool
  /// The turn that its answer belongs to.
  var turn: Int
  /// Whether the other server has said anything.
  private(set) var hasHeard = false
  /// Whether it was answered completely.
  private(set) var isAnswered = false
  /// Whether the complete answer has nothing in it.
  private(set) var isEmptyAnswer = false
  /// Whether any of the answer's audio or text came.
  private var hasSpoken = false
  private(set) var isHalfClosed = false
  /// What came before our own side had heard the end of the caller's turn.
  var held: [BotCommand] = []

  init(
    owner: ForwardedConversation, settings: ForwardingSettings, channel: any OutgoingConnection, metadata: Metadata,
    room: OutputRoom, turn: Int, carriesAudio: Bool
  ) {
    self.owner = owner
    self.settings = settings
    self.room = RoomWatch(room, on: channel.executor)
    self.turn = turn
    self.carriesAudio = carriesAudio
    rpc = channel.open(ForwardingEngine.path, metadata, handler: self)
  }

  /// False where the other server does not read.
  func send(_ request: VoiceRequest) -> Bool { rpc?.send(request.encoded()) ?? true }

  func halfClose() {
    isHalfClosed = true
    rpc?.halfClose()
  }

  /// Breaks it off; nothing of it counts any more.
  func cancel() {
    isCancelled = true
    rpc?.cancel()
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    hasHeard = true
    guard !isCancelled else { return }
    let response: VoiceResponse
    do { response = try VoiceResponse(decoding: bytes) } catch {
      owner?.failed(BotFailure(.garbage, "\((error as? MessageError)?.description ?? "a message cannot be read")"))
      return
    }
    let answer = UpstreamAnswer(response, settings: settings, followsChunks: hasSpoken)
    if answer.isSpoken { hasSpoken = true }
    if answer.isComplete {
      isAnswered = true
      isEmptyAnswer = answer.isEmpty && !hasSpoken
    }
    owner?.received(answer, on: self)
    room.heard(on: rpc)
  }

  func ended(_ status: RPCStatus, trailingMetadata: Metadata) {
    rpc = nil
    let failure = status.isOK || isCancelled || isAnswered ? nil : BotFailure(status, hasHeard: hasHeard)
    owner?.ended(self, failure: failure)
  }
}
