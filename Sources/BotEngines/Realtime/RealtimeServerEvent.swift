import BotEngine
import JSONText

/// An event of a Realtime server's: what is used of it. The names of the beta are taken for those of today.
enum RealtimeServerEvent {
  /// The session is as we asked, or as far as the server went along: the audio formats that it names, if it does.
  case sessionUpdated(input: RealtimeAudioFormat?, output: RealtimeAudioFormat?)
  case responseCreated(id: String)
  /// The caller's audio is this item now.
  case committed(item: String)
  /// A response has this item.
  case itemAdded(response: String, item: String)
  case audio(response: String, item: String, contentIndex: Int, bytes: [UInt8])
  /// The bot's words: spoken, or, where the session has no audio, to be spoken.
  case spoken(response: String, String)
  case text(response: String, String)
  /// The caller's words.
  case heard(item: String, String)
  case speechStarted
  case responseDone(RealtimeResponse)
  case error(RealtimeFailure)
  /// Any other.
  case other

  /// What is wrong with an event.
  enum FormatError: String, Error {
    case notJSON = "an event that is not JSON"
    case noType = "an event without a type"
    case badMembers = "an event whose members are not as published"
  }

  /// Reads an event.
  init(_ bytes: [UInt8]) throws(FormatError) {
    guard let root = try? JSONDocument(bytes).root else { throw .notJSON }
    guard let type = root["type"]?.string else { throw .noType }
    switch type {
    case "response.output_audio.delta", "response.audio.delta":
      guard let item = root["item_id"]?.string, let bytes = root["delta"]?.base64 else { throw .badMembers }
      self = .audio(
        response: root["response_id"]?.string ?? "", item: item, contentIndex: root["content_index"]?.int ?? 0,
        bytes: bytes)
    case "session.updated": self = Self.sessionUpdated(root["session"])
    case "response.created": self = .responseCreated(id: root["response"]?["id"]?.string ?? "")
    case "response.output_audio_transcript.done", "response.audio_transcript.done":
      self = .spoken(response: root["response_id"]?.string ?? "", root["transcript"]?.string ?? "")
    case "response.output_text.done", "response.text.done":
      self = .text(response: root["response_id"]?.string ?? "", root["text"]?.string ?? "")
    case "conversation.item.input_audio_transcription.completed":
      self = .heard(item: root["item_id"]?.string ?? "", root["transcript"]?.string ?? "")
    case "input_audio_buffer.committed": self = .committed(item: root["item_id"]?.string ?? "")
    case "response.output_item.added":
      self = .itemAdded(response: root["response_id"]?.string ?? "", item: root["item"]?["id"]?.string ?? "")
    case "input_audio_buffer.speech_started": self = .speechStarted
    case "response.cancelled":
      self = .responseDone(
        RealtimeResponse(cancelled: root["response"]?["id"]?.string ?? root["response_id"]?.string ?? ""))
    case "response.done":
      guard let response = root["response"] else { throw .badMembers }
      self = .responseDone(RealtimeResponse(response))
    case "error":
      guard let error = root["error"] else { throw .badMembers }
      self = .error(RealtimeFailure(error))
    default: self = .other
    }
  }

  /// The formats are objects by their names of today, and words by those of the beta.
  private static func sessionUpdated(_ session: JSONElement?) -> RealtimeServerEvent {
    let audio = session?["audio"]
    func format(_ side: JSONElement?, _ betaName: String?) -> RealtimeAudioFormat? {
      let format = side?["format"]
      return RealtimeAudioFormat(format?["type"]?.string ?? betaName, rate: format?["rate"]?.int)
    }
    return .sessionUpdated(
      input: format(audio?["input"], session?["input_audio_format"]?.string),
      output: format(audio?["output"], session?["output_audio_format"]?.string))
  }
}

/// A response that is done.
struct RealtimeResponse {
  /// A call of a function.
  struct FunctionCall {
    var id: String
    var name: String
    /// The arguments; none where they are no object.
    var arguments: [String: BotValue]
  }

  var id: String
  /// `completed`, `cancelled`, `incomplete` or `failed`.
  var status: String
  /// Why it failed, where it did.
  var failure: RealtimeFailure?
  var calls: [FunctionCall]
  /// Ids of the items that it consists of.
  var items: [String]

  init(_ element: JSONElement) {
    id = element["id"]?.string ?? ""
    status = element["status"]?.string ?? "completed"
    failure = status == "failed" ? RealtimeFailure(element["status_details"]?["error"]) : nil
    items = (element["output"]?.elements ?? []).compactMap { $0["id"]?.string }
    calls = (element["output"]?.elements ?? []).compactMap { item in
      guard item["type"]?.isString("function_call") == true, let id = item["call_id"]?.string,
        let name = item["name"]?.string
      else { return nil }
      let document = item["arguments"]?.string.flatMap { try? JSONDocument(Array($0.utf8)) }
      // Models write `null` or `[]` where there are no arguments.
      guard case .object(let arguments)? = document.map({ BotValue($0.root) }) else {
        return FunctionCall(id: id, name: name, arguments: [:])
      }
      return FunctionCall(id: id, name: name, arguments: arguments)
    }
  }

  /// A response that was given up, of a server that says so by an event of its own.
  init(cancelled id: String) {
    self.id = id
    status = "cancelled"
    failure = nil
    calls = []
    items = []
  }
}

/// What a server says went wrong, without its message, which may quote the conversation.
struct RealtimeFailure: Equatable {
  /// `invalid_request_error`, `server_error` and others.
  var type: String
  var code: String
  /// The id of the event of ours that it is about.
  var event: String?

  init(_ element: JSONElement?) {
    type = Self.word(element?["type"]?.string)
    code = Self.word(element?["code"]?.string)
    event = element?["event_id"]?.string
  }

  /// Identifiers only: they go to logs.
  private static func word(_ text: String?) -> String {
    String(
      (text ?? "").unicodeScalars.filter { $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || $0 == ".") }
        .prefix(64).map(Character.init))
  }
}
