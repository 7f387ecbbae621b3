/// The turns of a call as a table.
public enum TurnTable {
  /// The lines, the head first. `clips` are the names of the clips.
  public static func lines(_ turns: [CallTurn], clips: [String]) -> [String] {
    var rows = [["turn", "what", "start", "end", "answer", "length", "result"]]
    for (number, turn) in turns.enumerated() {
      rows.append([
        "\(number)", turn.kind.text(clips), figure(turn.startDelay), figure(turn.endDelay), figure(turn.answerLatency),
        turn.answerLength > .zero ? Figures.short(turn.answerLength) : "–", turn.resultText,
      ])
    }
    return Table.lines(rows, right: [0, 2, 3, 4, 5])
  }

  /// What the columns say.
  public static let legend = """
    start: from the true start of speech to START_OF_INPUT; end: from its true end to END_OF_INPUT; answer: from the end \
    of speech or the last key to the first audio; times in milliseconds
    """

  private static func figure(_ time: Duration?) -> String { time.map { "\(Int($0.inMilliseconds.rounded()))" } ?? "–" }
}

extension CallTurn.Kind {
  func text(_ clips: [String]) -> String {
    switch self {
    case .greeting: "greeting"
    case .speech(let clip): clips.indices.contains(clip) ? clips[clip] : "clip \(clip + 1)"
    case .voice: "(at the microphone)"
    case .unintended: "(nothing said)"
    case .digits(let count): "\(count) key\(count == 1 ? "" : "s")"
    case .noInput: "no input"
    case .custom: "event"
    }
  }
}

extension CallTurn {
  private var answerText: String {
    let isSilent = answerLength == .zero
    return switch ending {
    case .transfer: isSilent ? "transferred without a word" : "transferred"
    case .end: isSilent ? "ended without a word" : "ended"
    case nil: isSilent ? "answered without a word" : "answered"
    }
  }

  fileprivate var resultText: String {
    var text: String =
      switch result {
      case .open: "not answered"
      case .answered: answerText
      case .unheard: "not heard"
      case .notCollected: "not asked for"
      case .failed: "failed"
      }
    if bargedIn { text += ", interrupted the prompt" }
    if unspoken > .zero { text += ", cut short by \(Figures.short(unspoken))" }
    if gaps > .zero { text += ", \(Figures.milliseconds(gaps)) of gaps" }
    return text
  }
}
