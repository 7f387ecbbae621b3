/// What the owner of a conversation asks its rules.
extension ConversationStateMachine {
  /// What becomes of audio that arrived on this RPC, in one answer for each frame.
  ///
  /// Changes nothing. It is `mutating` so that an owner who keeps the machine in a class lends it, where it would make a
  /// copy of all of it to be sure that nothing changes it meanwhile: that is a tenth of what a frame costs.
  public mutating func hearing(on rpc: RPCID, now: Duration) -> Hearing {
    Hearing(
      isCallersVoice: isCallersVoice(on: rpc), isListening: isListening(on: rpc),
      isDetecting: isDetecting(on: rpc, now: now), isPlayingPrompt: isPlayingPrompt(now), isPausable: isPausable(now),
      isSpeaking: isSpeaking)
  }

  /// Whether audio of this RPC is to be searched for speech.
  public func isDetecting(on rpc: RPCID, now: Duration) -> Bool {
    rpc == listener && !isKeying(now) && !isClosed && current.mode.carriesVoice && !playout.isUninterruptible(now)
  }

  /// Whether the caller is keying digits: no voice detection runs. An entry that never arrives ends by itself.
  public func isKeying(_ now: Duration) -> Bool {
    if entry != nil { return true }
    guard let since = keyingSince else { return false }
    return now - since < Self.longestEntry
  }

  static let longestEntry = Duration.seconds(20)

  /// Whether audio of this RPC is what the caller says now.
  public func isListening(on rpc: RPCID) -> Bool { rpc == listener && !isClosed }

  /// Whether audio of this RPC is the caller's voice: that of the newest audio RPC, or of any where none is listened to.
  public func isCallersVoice(on rpc: RPCID) -> Bool { rpc == listener || listener == nil }

  /// Whether prompts are playing that speech would interrupt: the detector is more careful then.
  public func isPlayingPrompt(_ now: Duration) -> Bool { playout.isPlaying(now) }

  /// The next time at which ``tick(now:)`` has something to do.
  public var nextDeadline: Duration? {
    guard !isClosed else { return nil }
    var next = answerDeadline
    func consider(_ time: Duration) { next = next.map { min($0, time) } ?? time }
    consider(leaving?.deadline ?? began + settings.maximumLength)
    if rpcs.isEmpty { consider(lastActivity + settings.idleTimeout) }
    if let lossDeadline { consider(lossDeadline) }
    if let mark = marks.first { consider(mark.time) }
    if let entry { consider(entry.deadline) }
    if let nextFiller { consider(nextFiller) }
    if let pauseDeadline {
      consider(pauseDeadline)
    } else if settings.mode == .chunk, answerer != nil {
      if answer.hasChunk(sizes: chunks, isUrgent: false) {
        consider(playout.time(whenAheadIs: mostAhead))
      } else if answer.hasChunk(sizes: chunks, isUrgent: true) {
        consider(playout.time(whenAheadIs: min(Self.urgentAhead, mostAhead)))
      }
    }
    return next
  }

  /// With less than this left to play, waiting audio is sent even where a full chunk is not there.
  static let urgentAhead = Duration.milliseconds(100)

  /// Bytes of output that wait to be sent.
  public var queuedBytes: Int { answer.queuedBytes + eager.heldBytes }

  /// With this many bytes waiting the bot is to be asked to pause: never while a WAV answer is put together, of which
  /// nothing leaves before it is whole.
  public var fullBytes: Int { settings.mode == .wav && answerer != nil ? .max : settings.fullBytes }

  /// Audio below this, in bytes, is no answer: 100 ms.
  static let leastAudio = 800

  /// Whether the bot has said anything in this turn that somebody could understand.
  var hasSpoken: Bool { answer.appendedAudio >= Self.leastAudio || answer.hasText }
}
