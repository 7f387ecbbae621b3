import WebexProtocol

extension Caller {
  /// Whose turn it is.
  enum Phase: Sendable {
    case ready
    /// The server's, until the FINAL of this RPC.
    case waiting(rpc: Int, since: Duration)
    /// The caller's, since the last answer was complete; its prompts may still be playing.
    case listening(since: Duration)
    /// The caller's, who is pressing keys.
    case keying(Keying)
    /// Nobody's: the last prompts are playing.
    case leaving(CallOutcome, since: Duration)
    /// Nobody's: SESSION_END was sent.
    case hangingUp(since: Duration)
    case finished
  }

  /// How far the current step is.
  enum StepProgress: Sendable, Equatable {
    /// It waits for the floor.
    case pending
    /// It is under way, and over with the next answer.
    case underWay
    /// Nothing is done until a time.
    case pausing(until: Duration)
  }

  /// An RPC that has not been completed.
  struct OpenRPC: Sendable {
    let id: Int
    let purpose: RPCPurpose
    /// The turn that its answer belongs to.
    var turn: Int?
    var isHalfClosed = false
    /// When the platform half-closes it, after END_OF_INPUT.
    var closes: Duration?
    /// Whether what comes is not to be heard any more, and an answer not to be waited for.
    var isDropped = false
    var hasStart = false
    var hasEnd = false
    var isAnswered = false
    var chunks = 0
    var chunkLength: Duration = .zero
  }

  /// The audio RPC that frames are sent in. A frame holds the time before it is sent.
  struct AudioStream: Sendable {
    let rpc: Int
    let opened: Duration
    let frameLength: Duration
    var sent = 0
    var speech: Speech?
    /// What came from a microphone, where one is used.
    var voice = VoiceSpan()
    /// When START_OF_INPUT came.
    var started: Duration?

    var nextFrame: Duration { opened + frameLength * (sent + 1) }
  }

  /// A clip that is being spoken.
  struct Speech: Sendable {
    let clip: Int
    let began: Duration
    let ends: Duration
    var frame = 0
  }

  /// Keys that are being pressed.
  struct Keying: Sendable {
    let keys: [DTMFKey]
    let turn: Int
    /// When the platform sends them.
    let due: Duration
  }

  /// How the server sends audio; the same throughout a call.
  enum ResponseMode: Sendable {
    case wav
    case chunk
  }

  /// When ``tick(at:)`` has something to do, if nothing comes before. May be in the past.
  public var nextWake: Duration? {
    guard outcome == nil else { return nil }
    var wake = stream?.nextFrame
    func earliest(_ time: Duration) { wake = min(wake ?? time, time) }
    if playout.endIsUntold { earliest(playout.end) }
    for line in rpcs { if let closes = line.closes { earliest(closes) } }
    switch phase {
    case .ready, .finished: return nil
    case .waiting(_, let since):
      earliest(since + settings.patience)
      if let due = earlyBargeIn { earliest(due) }
    case .listening(let since):
      if stream == nil, inputMode.carriesVoice { earliest(playout.isBargeInEnabled ? since : playout.end) }
      switch step {
      case .pending:
        if let live {
          if live.clip != nil, playout.isBargeInEnabled { earliest(since) }
        } else {
          earliest(stepDue(since))
        }
      case .pausing(let until): earliest(until)
      case .underWay: break
      }
      earliest(listenDeadline(since))
    case .keying(let keying): earliest(keying.due)
    case .leaving(_, let since):
      earliest(rpcs.isEmpty ? playout.end : max(since, playout.end) + settings.leaveTimeout)
    case .hangingUp(let since): earliest(since + settings.leaveTimeout)
    }
    return wake
  }
}
