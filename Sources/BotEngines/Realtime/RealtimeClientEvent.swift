import BotEngine
import JSONText

/// The events that we send (OpenAI, Realtime API, client events).
enum RealtimeClientEvent {
  /// The id of our `session.update`, by which its failure is known.
  static let sessionID = "patchbay_session"
  /// The id of every `response.create`.
  static let responseID = "patchbay_response"

  static func sessionUpdate(_ session: BotValue) -> [UInt8] {
    event("session.update", id: sessionID) { $0.member("session") { $0.value(session) } }
  }

  static func append(_ audio: [UInt8]) -> [UInt8] {
    event("input_audio_buffer.append") { $0.member("audio") { $0.base64(audio) } }
  }

  static func commit() -> [UInt8] { event("input_audio_buffer.commit") }
  static func clear() -> [UInt8] { event("input_audio_buffer.clear") }

  static func createResponse(instructions: String? = nil) -> [UInt8] {
    event("response.create", id: responseID) {
      guard let instructions else { return }
      $0.object("response") { $0.member("instructions", instructions) }
    }
  }

  static func cancel(response: String?) -> [UInt8] {
    event("response.cancel") { if let response { $0.member("response_id", response) } }
  }

  static func truncate(item: String, contentIndex: Int, milliseconds: Int) -> [UInt8] {
    event("conversation.item.truncate") {
      $0.member("item_id", item)
      $0.member("content_index", contentIndex)
      $0.member("audio_end_ms", milliseconds)
    }
  }

  static func delete(item: String) -> [UInt8] {
    event("conversation.item.delete") { $0.member("item_id", item) }
  }

  /// What the caller did, in words.
  static func userText(_ text: String) -> [UInt8] { item(text, role: "user") }

  /// What is known of the call, in words.
  static func systemText(_ text: String) -> [UInt8] { item(text, role: "system") }

  private static func item(_ text: String, role: String) -> [UInt8] {
    event("conversation.item.create") {
      $0.object("item") {
        $0.member("type", "message")
        $0.member("role", role)
        $0.member("content") {
          $0.array {
            $0.object {
              $0.member("type", "input_text")
              $0.member("text", text)
            }
          }
        }
      }
    }
  }

  static func functionOutput(call: String, _ output: BotValue) -> [UInt8] {
    event("conversation.item.create") {
      $0.object("item") {
        $0.member("type", "function_call_output")
        $0.member("call_id", call)
        $0.member("output", output.json)
      }
    }
  }

  private static func event(
    _ type: String, id: String? = nil, _ fill: (inout JSONWriter) -> Void = { _ in }
  ) -> [UInt8] {
    JSONWriter.object {
      $0.member("type", type)
      if let id { $0.member("event_id", id) }
      fill(&$0)
    }
  }
}
