import BotEngine
import JSONText

/// A message of the bot's: Twilio's three, and those beyond them.
enum MediaStreamMessage {
  /// Mu-law at 8,000 Hz to be played.
  case media([UInt8])
  case mark(String)
  case clear
  // Beyond Twilio's.
  case subscribe([MediaStreamExtra])
  case endTurn(BotInputSettings?)
  /// The caller has finished.
  case endInput
  case settings(BotInputSettings?, isSensitive: Bool?, bargeIn: Bool?)
  case transfer(summary: String?, metadata: [String: BotValue])
  case end
  case custom(name: String, metadata: [String: BotValue])
  case transcript(BotSpeaker, String)
  /// An event of another name, or none: it is ignored, as Twilio does.
  case unknown

  /// What is wrong with a message.
  enum FormatError: String, Error {
    case notJSON = "messages that are not JSON"
    case badPayload = "media without a payload in Base64"
    case badMark = "marks without a name of at most 1,024 bytes"
    case badExtra = "events beyond Twilio's whose members are not as documented"
  }

  /// Reads a message.
  init(_ bytes: [UInt8]) throws(FormatError) {
    guard let root = try? JSONDocument(bytes).root else { throw .notJSON }
    guard let event = root["event"] else {
      self = .unknown
      return
    }
    if event.isString("media") {
      guard let payload = root["media"]?["payload"]?.base64 else { throw .badPayload }
      self = .media(payload)
    } else if event.isString("mark") {
      guard let name = root["mark"]?["name"]?.string, name.utf8.count <= 1_024 else { throw .badMark }
      self = .mark(name)
    } else if event.isString("clear") {
      self = .clear
    } else if let extra = try Self.extra(event, root) {
      self = extra
    } else {
      self = .unknown
    }
  }

  private static func extra(_ event: JSONElement, _ root: JSONElement) throws(FormatError) -> MediaStreamMessage? {
    if event.isString("end") { return .end }
    if event.isString("endInput") { return .endInput }
    if event.isString("subscribe") {
      return .subscribe((root["subscribe"]?.elements ?? []).compactMap { $0.string.flatMap(MediaStreamExtra.init) })
    }
    if event.isString("endTurn") { return .endTurn(try root["settings"].map(settings)) }
    if event.isString("settings") {
      guard let body = root["settings"] else { throw .badExtra }
      let hasMore = body.members.contains { $0.name != "sensitive" && $0.name != "bargeIn" }
      return .settings(
        hasMore ? try settings(body) : nil, isSensitive: body["sensitive"]?.bool, bargeIn: body["bargeIn"]?.bool)
    }
    if event.isString("transfer") {
      let body = root["transfer"]
      return .transfer(summary: body?["summary"]?.string, metadata: metadata(body))
    }
    if event.isString("custom") {
      guard let body = root["custom"], let name = body["name"]?.string else { throw .badExtra }
      return .custom(name: name, metadata: metadata(body))
    }
    if event.isString("transcript") {
      guard let body = root["transcript"], let text = body["text"]?.string,
        let speaker = body["speaker"]?.string.flatMap(BotSpeaker.init)
      else { throw .badExtra }
      return .transcript(speaker, text)
    }
    return nil
  }

  private static func metadata(_ body: JSONElement?) -> [String: BotValue] {
    guard case .object(let values)? = body?["metadata"].map(BotValue.init) else { return [:] }
    return values
  }

  private static func settings(_ body: JSONElement) throws(FormatError) -> BotInputSettings {
    var settings = BotInputSettings()
    if let mode = body["mode"] {
      guard let known = mode.string.flatMap(BotInputSettings.Mode.init) else { throw .badExtra }
      settings.mode = known
    }
    if let key = body["terminator"]?.string {
      guard let character = key.first, key.count == 1 else { throw .badExtra }
      settings.terminator = character
    }
    settings.digitCount = body["digitCount"]?.int
    settings.interDigitTimeout = body["interDigitTimeout"]?.int
    settings.noInputTimeout = body["noInputTimeout"]?.int
    settings.endSilence = body["endSilence"]?.int
    settings.maximumSpeech = body["maximumSpeech"]?.int
    if let expects = body["expects"] {
      guard let known = expects.string.flatMap(BotExpectation.init) else { throw .badExtra }
      settings.expects = known
    }
    return settings
  }
}
