import BotEngine
import WebSocketClient
import WebSockets

extension BotFailure {
  /// Why a socket did not open.
  init(opening error: WebSocketError) {
    self.init(error.code == .upgrade ? .refused : .unreachable, error.message)
  }

  /// Why an open socket ended.
  init(ending error: WebSocketError) {
    switch error.code {
    case .tooLarge, .violation, .upgrade: self.init(.garbage, error.message)
    default: self.init(.closed, error.message, isInOrder: error.isInOrder)
    }
  }
}

extension WebSocketError {
  /// Whether the server closed as one does that is done: with a code that names nothing else, or with none (RFC 6455,
  /// section 7.4).
  var isInOrder: Bool { code == .closed && closeCode.map { [1000, 1001, 1005].contains($0) } == true }
}
