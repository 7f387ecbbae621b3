import SpeechDetection

/// What ended a caller's turn, for those who read the call's timeline.
struct TurnEnd: Equatable {
  /// The silence that was waited for, in milliseconds; `nil` where another thing ended the turn.
  var silence: Int?
  /// What the silence follows from (``EndSilence/Reasons/text``), or what else ended the turn.
  var because: String

  /// The bot said that the caller has finished.
  static let bot = Self(because: "bot")
  /// The platform said so.
  static let platform = Self(because: "half_close")

  /// The detector's decision.
  ///
  /// - Parameter bot: the silence that the bot asked for.
  init(_ end: SpeechEnd, after silence: EndSilence?, bot: Int?) {
    switch end {
    case .silence:
      self.silence = silence?.milliseconds
      because = bot == nil ? silence?.reasons.text ?? "end_silence" : "bots_end_silence"
    case .maximumUtterance: because = "maximum_utterance"
    case .endOfStream: because = "end_of_stream"
    }
  }

  private init(because: String) { self.because = because }
}
