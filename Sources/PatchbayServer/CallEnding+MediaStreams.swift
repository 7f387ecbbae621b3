import AdminServer
import BotEngines

extension CallEnding {
  /// The calls that Media Streams bots hold.
  static let mediaStreams = CallEnding { account, call, token in
    switch LiveStreams.shared.complete(account: account, call: call, token: token) {
    case .completed: .completed
    case .unknown: .unknown
    case .refused: .refused
    }
  }
}
