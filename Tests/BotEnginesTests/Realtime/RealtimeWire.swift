import BotEngine
import JSONText
import WebSocketClient
import WebSockets

@testable import BotEngines

extension RealtimeConversation {
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
