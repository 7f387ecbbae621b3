import BotEngine

/// Digits of one RPC that may come in several messages.
struct DigitEntry: Equatable {
  let rpc: RPCID
  var keys: [DTMFKey]
  /// When the entry is taken for complete though the client has not half-closed.
  var deadline: Duration
}

extension ConversationStateMachine {
  /// The platform sends all digits in one message and half-closes. Where a client sends more messages before its
  /// half-close, they are one entry; a half-close is waited for no longer than this after a message.
  static let entryTimeout = Duration.milliseconds(100)
  /// Digits of an entry; one that has as many is complete.
  static let longestEntryKeys = 256

  mutating func enter(_ keys: [DTMFKey], on rpc: RPCID, now: Duration) {
    if entry == nil {
      // The digits interrupt what is said; which they are the bot is told when all are there.
      if isSpeaking { abandonSpeech() }
      update(rpc) { $0.awaitsGreeting = false }
      interrupt(keeping: rpc, now: now)
      if listener == rpc { listener = nil }
      entry = DigitEntry(rpc: rpc, keys: [], deadline: now)
    }
    entry?.keys += keys
    entry?.deadline = now + Self.entryTimeout
    if let entry, entry.keys.count >= Self.longestEntryKeys { completeEntry(now: now) }
  }

  /// Whether an input shows that no more digits come.
  func endsEntry(_ input: CallerInput, on rpc: RPCID) -> Bool {
    guard let entry else { return false }
    return switch input {
    case .digits: rpc != entry.rpc
    case .sessionStart, .sessionEnd, .noInput, .startOfDTMF, .custom: true
    case .audio, .unknown: false
    }
  }

  /// All digits are there: the bot's turn begins.
  mutating func completeEntry(now: Duration) {
    guard let entry else { return }
    self.entry = nil
    beginTurn(
      entry.keys.isEmpty ? .noInput : .digits(String(entry.keys.map(\.character))), on: entry.rpc, now: now)
  }
}
