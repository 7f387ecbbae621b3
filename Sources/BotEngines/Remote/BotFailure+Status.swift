import BotEngine
import GRPCTransport

extension BotFailure {
  /// What the end of an RPC says of the bot, where the call was still up.
  ///
  /// The text of a status is the bot's, which may quote the caller. Only what the transport says of a connection that
  /// was not made is its own.
  init(_ status: RPCStatus, hasHeard: Bool) {
    switch status.code {
    case .ok: self.init(.closed, "it ended the conversation while the call was up", isInOrder: true)
    case .unavailable where !hasHeard:
      let isOurs = status.isOfConnection || Self.transportTexts.contains { status.message.hasPrefix($0) }
      let why = isOurs ? status.message.prefix(300) : ""
      self.init(.unreachable, why.isEmpty ? "the connection cannot be made" : String(why))
    case .unavailable where status.isOfConnection: self.init(.closed, status.message)
    case .unauthenticated, .permissionDenied:
      self.init(.refused, "it answered \(status.code); look at the token it is sent (authorization_file)")
    case .unimplemented, .notFound:
      self.init(.refused, "it answered \(status.code); look at the URL and at what it serves")
    case .invalidArgument, .failedPrecondition: self.init(.refused, "it answered \(status.code)")
    case .resourceExhausted where status.message.hasPrefix("the server sent a message of"):
      self.init(.flooded, status.message)
    default: self.init(.closed, "it ended the conversation with \(status.code)")
    }
  }

  /// What the C core's own texts of this kind begin with.
  private static let transportTexts = [
    "failed to connect", "DNS resolution failed", "empty address list", "no address",
  ]

  /// Whether the same attempt may succeed a moment later. Where nobody listens, nobody is waited for: the caller hears
  /// nothing meanwhile.
  var mayPass: Bool {
    kind == .unreachable && !message.contains("Connection refused") && !message.contains("refuses the connection")
  }
}
