import WebexProtocol

extension CallEvent {
  /// A line for a person: the time, who, and what, as in ` 1.240 s  caller  speaks "file.wav" (2.3 s)`.
  ///
  /// `clips` are the names of the clips.
  public func line(at time: Duration, clips: [String]) -> String {
    let (who, what) = story(clips)
    return "\(Figures.seconds(time, width: 8)) s  \(who.padded(to: 6))  \(what)"
  }

  /// Who does what, for a person who watches the call. `clips` are the names of the clips. What is kept shows no keys: they
  /// may be a card's or a secret's.
  public func story(_ clips: [String], showsKeys: Bool = true) -> (who: String, what: String) {
    let name = { (clip: Int) in clips.indices.contains(clip) ? clips[clip] : "clip \(clip + 1)" }
    switch self {
    case .sessionStart: return ("caller", "calls (SESSION_START)")
    case .listening: return ("webex", "listens to the caller")
    case .speaks(let clip, let length, let overPrompt):
      return ("caller", "speaks \"\(name(clip))\" (\(Figures.short(length)))\(overPrompt ? " over the prompt" : "")")
    case .spoke(let clip): return ("caller", "has said \"\(name(clip))\"")
    case .presses(let keys, let overPrompt):
      return ("caller", "presses \(keys.text(showsKeys))\(overPrompt ? " over the prompt" : "")")
    case .uncollectedKeys(let keys):
      return ("webex", "does not collect \(keys.text(showsKeys)): the server did not ask for it")
    case .uncollectedSpeech: return ("webex", "does not listen: the server asked for keys only")
    case .noInput: return ("webex", "NO_INPUT: neither speech nor a key in time")
    case .custom(let name): return ("webex", "CUSTOM_EVENT \(name)")
    case .hangsUp: return ("caller", "hangs up (SESSION_END)")
    case .vanishes: return ("caller", "is gone without a word")
    case .startOfInput(let after):
      return ("server", "START_OF_INPUT\(after.map { ", \(Figures.milliseconds($0)) after speech began" } ?? "")")
    case .endOfInput(let after):
      return ("server", "END_OF_INPUT\(after.map { ", \(Figures.milliseconds($0)) after speech ended" } ?? "")")
    case .promptBegins(let length, let isBargeInEnabled):
      let kind = isBargeInEnabled ? "prompt" : "prompt (not to be interrupted)"
      return ("server", length.map { "\(kind), \(Figures.short($0))" } ?? "\(kind) in chunks")
    case .promptText(let text): return ("server", "text to be spoken: \"\(text.forTerminal)\"")
    case .promptSpoken(let text, let length):
      return ("server", "text, spoken here, \(Figures.short(length)): \"\(text.forTerminal)\"")
    case .chunksComplete(let count, let length):
      return ("server", "\(count) chunk\(count == 1 ? "" : "s"), \(Figures.short(length)) in all")
    case .gap(let length): return ("webex", "has nothing to play for \(Figures.milliseconds(length)): a chunk was late")
    case .promptsEnd: return ("webex", "has played the prompt")
    case .promptsCut(let unheard): return ("webex", "cuts the prompt, \(Figures.short(unheard)) of it unheard")
    case .answer(let mode, let isSensitive):
      return ("server", "FINAL: wants \(mode.text)\(isSensitive ? ", sensitive" : "")")
    case .outputEvent(let kind, let name):
      return ("server", "event \(kind.wireName)\(name.map { " \"\($0.forTerminal)\"" } ?? "")")
    case .transfer(let summary):
      return ("server", "TRANSFER_TO_AGENT\(summary.map { ": \"\($0.forTerminal)\"" } ?? "")")
    case .sessionEnd: return ("server", "SESSION_END")
    case .violation(let violation): return ("wrong", violation.description.forTerminal)
    case .broken(let failure): return ("wrong", failure.description.forTerminal)
    case .over(let outcome): return ("call", outcome.text)
    }
  }
}

extension CallOutcome {
  /// How the call ended, in a line.
  public var text: String {
    switch self {
    case .hungUp: "over: the caller hung up"
    case .ended: "over: the server ended it"
    case .transferred: "over: transferred to a human agent"
    case .vanished: "over: the caller was gone"
    case .failed(let failure): "failed: \(failure.description.forTerminal)"
    }
  }
}

extension InputMode? {
  fileprivate var text: String {
    switch self {
    case nil, .unspecified: "voice (not stated)"
    case .voice: "voice"
    case .dtmf: "keys"
    case .voiceAndDTMF: "voice or keys"
    }
  }
}

extension [DTMFKey] {
  /// The keys, or a dot for each.
  func text(_ isShown: Bool) -> String {
    isEmpty ? "nothing" : isShown ? String(map(\.character)) : String(repeating: "•", count: count)
  }
}
