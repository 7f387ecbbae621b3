import BotEngine
import GRPCTransport
import WebexProtocol
import Wire

/// One `ProcessCallerInput` RPC to another server. On its loop only.
final class ForwardedInteraction: ClientCallHandler {
  /// What its conversation does with what comes.
  protocol Owner: AnyObject {
    func received(_ answer: UpstreamAnswer, on interaction: ForwardedInteraction)
    func ended(_ interaction: ForwardedInteraction, failure: BotFailure?)
    func failed(_ failure: BotFailure)
  }

  /// Gone where the call is over before the RPC is.
  private weak var owner: (any Owner)?
  private let settings: ForwardingSettings
  private let loop: EventLoop
  private let room: OutputRoom
  private var rpc: ClientCall?
  private var isWaitingForRoom = false
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
    owner: any Owner, settings: ForwardingSettings, channel: GRPCChannel, metadata: Metadata, room: OutputRoom,
    turn: Int, carriesAudio: Bool
  ) {
    self.owner = owner
    self.settings = settings
    self.room = room
    self.turn = turn
    self.carriesAudio = carriesAudio
    loop = channel.loop
    rpc = channel.startCall(path: ForwardingEngine.path, metadata: metadata, handler: self)
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

  func received(_ message: borrowing ReceivedMessage) {
    hasHeard = true
    guard !isCancelled else { return }
    let response: VoiceResponse
    do { response = try VoiceResponse(decoding: message.unsafeBytes) } catch {
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
    if !room.isOpen { pause() }
  }

  /// Reads no further until there is room for what is read.
  private func pause() {
    guard !isWaitingForRoom else { return }
    isWaitingForRoom = true
    rpc?.pauseReading()
    let own = LoopBound(self, loop: loop)
    Task(executorPreference: loop) { [room] in
      await room.wait()
      own.execute { interaction in
        interaction.isWaitingForRoom = false
        interaction.rpc?.startReading()
      }
    }
  }

  func ended(_ status: RPCStatus, trailingMetadata: Metadata) {
    rpc = nil
    let failure = status.isOK || isCancelled || isAnswered ? nil : BotFailure(status, hasHeard: hasHeard)
    owner?.ended(self, failure: failure)
  }
}
