import BotEngine

extension BotCommand {
  /// What the bot answers by it, and so shows that it works; `nil` where it is no answer.
  var answer: String? {
    switch self {
    case .audio: "audio"
    case .text: "text"
    case .endTurn: "silence"
    case .transfer: "transfer"
    case .end: "end"
    case .clear, .inputSettings, .customEvent, .sensitive, .transcript, .mark, .endInput, .keep, .filler: nil
    }
  }
}
