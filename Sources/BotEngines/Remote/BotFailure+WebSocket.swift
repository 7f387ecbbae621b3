import BotEngine
import WebSocketClient

extension BotFailure {
  /// Why a socket did not open.
  init(opening error: WebSocketError) {
    self.init(error.code == .upgrade ? .refused : .unreachable, error.message)
  }

  /// Why an open socket ended.
  init(ending error: WebSocketError) {
    switch error.code {
    case .tooLarge, .violation, .upgrade: self.init(.garbage, error.message)
    default: self.init(.closed, error.message)
    }
  }
}
