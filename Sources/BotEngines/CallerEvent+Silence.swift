import BotEngine

extension CallerEvent {
  /// Whether the caller let the time pass; an entry without a key is that too.
  var isSilence: Bool {
    switch self {
    case .noInput: true
    case .digits(let keys): keys.isEmpty
    default: false
    }
  }
}
