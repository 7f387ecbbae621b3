import BotEngine
import JSONText
import WebSocketClient
import WebSockets

@testable import BotEngines

extension BotEndpoint {
  /// Where nobody has to be.
  static var local: BotEndpoint { BotEndpoint(url: "ws://127.0.0.1:1/", host: "127.0.0.1", port: 1, isSecure: false) }
}

extension RealtimeConversation {
  /// A conversation whose session stands and whose greeting is under way.
  static func greeted() throws -> RealtimeConversation {
    var settings = RealtimeSettings(endpoint: .local)
    settings.instructions = "Be kind."
    settings.format = .pcmu
    var call = RealtimeConversation(try RealtimeSession(settings, over: nil), isHeardAtOnce: true)
    _ = call.receive(.started)
    _ = try call.hear(#"{"type":"session.updated","session":{}}"#)
    _ = try call.hear(#"{"type":"response.created","response":{"id":"r1"}}"#)
    return call
  }

  /// Takes a server's event as it is on the wire.
  mutating func hear(_ text: String) throws -> [Action] {
    receive(.init(kind: .text, bytes: Array(text.utf8)), now: .zero)
  }
}

extension [RealtimeConversation.Action] {
  /// What goes to the server.
  var sent: [JSONElement] {
    compactMap {
      switch $0 {
      case .send(let bytes), .sendAudio(let bytes): try? JSONDocument(bytes).root
      default: nil
      }
    }
  }

  /// The names of what the gateway is to do.
  var commands: [String] {
    compactMap {
      guard case .command(let command) = $0 else { return nil }
      return Mirror(reflecting: command).children.first?.label ?? "\(command)"
    }
  }

  var failures: [BotFailure] { compactMap { if case .fail(let failure) = $0 { failure } else { nil } } }
}

extension [JSONElement] {
  var types: [String] { compactMap { $0["type"]?.string } }
}
