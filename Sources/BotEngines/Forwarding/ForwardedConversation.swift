import AudioCodecs
import BotEngine
import GRPCTransport
import Metrics
import WebexProtocol

/// A call that another server of the voice virtual agent interface holds: an RPC for every interaction, as the platform
/// makes them.
///
/// `@unchecked Sendable`: everything but ``hold()`` happens on the loop, where its RPCs live.
final class ForwardedConversation: @unchecked Sendable {
  private let call: BotCall
  private let settings: ForwardingSettings
  private let channel: any OutgoingConnection
  private let metadata: Metadata
  private let refusedPrompts = Counter(label: "patchbay_prompts_refused_total")
  private let unread = Counter(label: "patchbay_bot_audio_unread_total")

  private var open: [ForwardedInteraction] = []
  /// The RPC that the caller's voice goes to.
  private var line: ForwardedInteraction?
  private var isSpeaking = false
  private var isSensitive = false
  private var hasHeard = false
  private var isOver = false
  private var converter = RateConverter()
  private var retries: Retries
  private let held = HeldBotCall()

  init(call: BotCall, settings: ForwardingSettings, channel: any OutgoingConnection, metadata: Metadata) {
    self.call = call
    self.settings = settings
    self.channel = channel
    self.metadata = metadata
    retries = Retries(since: channel.executor.now, patience: settings.endpoint.connectTimeout)
  }

  /// Holds the call to its end, or to a failure. Runs on the channel's loop.
  func hold() async -> HeldBotCall.End {
    await held.hold(on: channel.executor, telling: call.events) { [self] event in
      receive(event)
    } breakOff: { [self] in
      finish(nil)
    }
  }

  // MARK: To the other server

  private func receive(_ event: CallerEvent) {
    guard held.end == nil else { return }
    switch event {
    case .started: beginSession()
    case .audio(let audio): hear(audio)
    case .speechStarted:
      isSpeaking = true
      if line == nil { openLine() }
    case .speechEnded: endInput()
    case .digits(let digits): begin(.dtmf(digits.compactMap { DTMFKey($0) }))
    case .noInput: begin(.event(.init(.noInput)))
    case .custom(let name, let parameters):
      begin(.event(.init(.custom, name: name, parameters: parameters)))
    case .interrupted: interrupt()
    case .mark: break
    case .ended(let reason): leave(reason)
    }
  }

  /// The caller's own start: its name and its parameters.
  private func beginSession() {
    begin(
      .event(
        .init(
          .sessionStart, name: call.info.startName,
          parameters: call.info.startParameters)))
  }

  /// An interaction without voice: one request, half-closed.
  private func begin(_ input: VoiceRequest.Input) {
    isSpeaking = false
    closeLine()
    let interaction = start(carriesAudio: false)
    send(input, on: interaction)
    interaction.halfClose()
  }

  private func start(carriesAudio: Bool) -> ForwardedInteraction {
    var metadata = metadata
    if settings.forwardsToken, let token = call.info.token?.authorization { metadata.add("authorization", token) }
    let interaction = ForwardedInteraction(
      owner: self, settings: settings, channel: channel, metadata: metadata, room: call.room, turn: call.turn,
      carriesAudio: carriesAudio)
    open.append(interaction)
    return interaction
  }

  private func send(_ input: VoiceRequest.Input, on interaction: ForwardedInteraction) {
    var additionalInfo = call.info.additionalInfo
    if !call.info.leftOut.isEmpty {
      additionalInfo["patchbay_left_out"] = call.info.leftOut.joined(separator: ", ")
    }
    let request = VoiceRequest(
      conversationID: call.info.conversation, organizationID: call.info.organization, agentID: settings.agent ?? "",
      vendorConfiguration: call.info.vendorConfiguration, additionalInfo: additionalInfo, input: input)
    guard !interaction.send(request) else { return }
    if case .audio = input {
      unread.increment()
    } else {
      failed(BotFailure(.closed, "it reads nothing of what it is sent"))
    }
  }

  private func openLine() {
    line = start(carriesAudio: true)
  }

  private func hear(_ audio: CallerAudio) {
    // With the other server in charge, the line is open as long as the caller is listened to.
    if line == nil { openLine() }
    guard let line, !line.isHalfClosed else { return }
    let samples = converter.convert(audio.samples, from: audio.sampleRate)
    send(.audio(.init(bytes: AudioEncoding.mulaw.encode(samples), encoding: .mulaw, sampleRate: 8000)), on: line)
  }

  /// The caller has finished, by our own detector or because the other server said so: what it answered meanwhile, and
  /// what it will, belongs to this turn.
  private func endInput() {
    isSpeaking = false
    guard let line else {
      // The line is gone already: there is nothing that could be answered.
      call.send(.endTurn(nil))
      return
    }
    line.turn = call.turn
    if !line.isHalfClosed {
      // On a telephone line silence follows. A server that waits for it has it at once, and not after a half-close
      // that means nothing to it.
      for _ in 0..<Self.silences { send(.audio(Self.silence), on: line) }
      line.halfClose()
    }
    self.line = nil
    if line.isEmptyAnswer { return failed(.emptyAnswer) }
    for command in line.held { call.send(command, turn: line.turn) }
    line.held = []
    if !open.contains(where: { $0 === line }), !line.isAnswered { call.send(.endTurn(nil), turn: line.turn) }
  }

  /// A tenth of a second without a sound.
  private static let silence = VoiceRequest.Audio(
    bytes: [UInt8](repeating: AudioEncoding.mulaw.silence, count: 800), encoding: .mulaw, sampleRate: 8000)

  /// Together two seconds: servers take 0.5 to 1.5 s of silence for the end of a turn.
  private static let silences = 20

  private func closeLine() {
    guard let line else { return }
    self.line = nil
    line.held = []
    // What has no speech in it is not answered: the other server completes it.
    if !line.isHalfClosed { line.halfClose() }
    line.turn = 0
  }

  /// What is still coming of an interrupted answer is of no use to anybody.
  private func interrupt() {
    for interaction in open where interaction !== line { interaction.cancel() }
  }

  private func leave(_ reason: CallEnd) {
    let wasLeft = isOver
    isOver = true
    line = nil
    for interaction in open { interaction.cancel() }
    guard !wasLeft, reason != .botFailed else { return finishIfDone() }
    let interaction = start(carriesAudio: false)
    send(.event(.init(.sessionEnd)), on: interaction)
    interaction.halfClose()
  }

  // MARK: From the other server

  func received(_ answer: UpstreamAnswer, on interaction: ForwardedInteraction) {
    hasHeard = true
    if answer.failure != nil { refusedPrompts.increment() }
    guard !isOver else { return }
    if let failure = answer.failure { return failed(failure) }
    // On a line that is still the caller's, nothing is owed yet.
    if interaction.isEmptyAnswer, interaction !== line, interaction.turn > 0 { return failed(.emptyAnswer) }
    if answer.isLeave { isOver = true }
    if answer.bound == .end, interaction === line {
      interaction.halfClose()
      if isSpeaking { call.send(.endInput) }
    }
    for command in answer.commands {
      if case .sensitive(let isSensitive) = command {
        if isSensitive == self.isSensitive { continue }
        self.isSensitive = isSensitive
      }
      if interaction === line, isSpeaking {
        interaction.held.append(command)
      } else {
        // Unasked: its own detector heard what ours did not. It belongs to the turn that is.
        call.send(command, turn: interaction === line ? call.turn : interaction.turn)
      }
    }
    if interaction === line, !isSpeaking, answer.isComplete { line = nil }
  }

  func ended(_ interaction: ForwardedInteraction, failure: BotFailure?) {
    open.removeAll { $0 === interaction }
    if isOver { return finishIfDone() }
    if let failure {
      if failure.mayPass, !hasHeard, !interaction.carriesAudio, tryAgain() { return }
      return failed(failure)
    }
    guard !interaction.isAnswered, interaction.turn > 0 else { return }
    if interaction === line {
      // It completed the line without a word on it: the next audio opens another.
      if !isSpeaking { line = nil }
    } else if interaction.turn == call.turn {
      // Nothing to say is an answer too: the caller may go on.
      call.send(.endTurn(nil), turn: interaction.turn)
    }
  }

  /// The greeting is asked for again after a while, where there is time.
  private func tryAgain() -> Bool {
    guard let pause = retries.next(at: channel.executor.now) else { return false }
    channel.executor.schedule(after: pause) { [weak self] in
      guard let self, held.end == nil, !isOver else { return }
      beginSession()
    }
    return true
  }

  func failed(_ failure: BotFailure) { finish(failure) }

  private func finishIfDone() {
    if open.isEmpty { finish(nil) }
  }

  private func finish(_ failure: BotFailure?) {
    guard held.end == nil else { return }
    held.finish(HeldBotCall.End(failure: failure, hasHeard: hasHeard))
    for interaction in open { interaction.cancel() }
  }
}

extension BotFailure {
  /// The other server answered with nothing, which leaves the caller in silence.
  fileprivate static let emptyAnswer = BotFailure(
    .garbage, "its answer is empty: a FINAL response without a prompt, an event or input settings")
}
