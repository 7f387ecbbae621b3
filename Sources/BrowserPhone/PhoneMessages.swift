import Basics
import Foundation
import ReplayKit
import WebexProtocol

/// What the server says on the phone's socket: JSON as text, audio as binary messages.
///
/// A binary message begins with the side (1 the agent, 2 the caller) and the position in samples from the start of the
/// call (4 bytes, the most significant first); mu-law at 8,000 Hz follows.
enum PhoneMessages {
  private struct Placed: Encodable {
    var type = "placed"
    var conversation: String
    var longest: Int
  }

  private struct Happened: Encodable {
    var type = "event"
    var at: Double
    var kind: String
    var who: String
    var text: String
    var length: Double?
    var keys: Int?
  }

  private struct Changed: Encodable {
    var type = "turn"
    var index: Int
    var turn: CallReport.Turn
  }

  private struct Over: Encodable {
    var type = "over"
    var report: CallReport
  }

  private struct Told: Encodable {
    var type: String
    var text: String
  }

  static func placed(conversation: String, longest: Duration) -> [UInt8] {
    json(Placed(conversation: conversation, longest: Int(longest.components.seconds)))
  }

  /// Something could not be done; the call goes on.
  static func note(_ text: String) -> [UInt8] { json(Told(type: "note", text: text)) }

  /// There is no call, or not any more.
  static func refused(_ text: String) -> [UInt8] { json(Told(type: "refused", text: text)) }

  static func event(_ event: CallEvent, at time: Duration, clips: [String]) -> [UInt8] {
    // Keys may be a card's or a secret's.
    let (teller, what) = event.story(clips, showsKeys: false)
    var happened = Happened(at: time.inMilliseconds, kind: event.name, who: "", text: "")
    switch event {
    case .presses(let keys, _), .uncollectedKeys(let keys): happened.keys = keys.count
    case .promptBegins(let length, _): happened.length = length?.inMilliseconds
    case .promptSpoken(_, let length), .speaks(_, let length, _), .gap(let length):
      happened.length = length.inMilliseconds
    default: break
    }
    (happened.who, happened.text) = (teller == "webex" ? "platform" : teller, what)
    return json(happened)
  }

  static func turn(_ turn: CallReport.Turn, at index: Int) -> [UInt8] { json(Changed(index: index, turn: turn)) }

  static func over(_ report: CallReport) -> [UInt8] { json(Over(report: report)) }

  static func audio(_ side: CallTimeline.Side, position: Int, _ audio: [UInt8]) -> [UInt8] {
    let position = UInt32(clamping: position)
    var message: [UInt8] = [side == .agent ? 1 : 2]
    message.reserveCapacity(5 + audio.count)
    for shift in [24, 16, 8, 0] as [UInt32] { message.append(UInt8(truncatingIfNeeded: position >> shift)) }
    return message + audio
  }

  private static func json(_ value: some Encodable) -> [UInt8] { (try? value.jsonLine()) ?? [] }
}

extension CallEvent {
  /// The name of the case, for the page.
  var name: String {
    switch self {
    case .sessionStart: "sessionStart"
    case .listening: "listening"
    case .speaks: "speaks"
    case .spoke: "spoke"
    case .presses: "presses"
    case .uncollectedKeys: "uncollectedKeys"
    case .uncollectedSpeech: "uncollectedSpeech"
    case .noInput: "noInput"
    case .custom: "custom"
    case .hangsUp: "hangsUp"
    case .vanishes: "vanishes"
    case .startOfInput: "startOfInput"
    case .endOfInput: "endOfInput"
    case .promptBegins: "promptBegins"
    case .promptText: "promptText"
    case .promptSpoken: "promptSpoken"
    case .chunksComplete: "chunksComplete"
    case .gap: "gap"
    case .promptsEnd: "promptsEnd"
    case .promptsCut: "promptsCut"
    case .answer: "answer"
    case .outputEvent: "outputEvent"
    case .transfer: "transfer"
    case .sessionEnd: "sessionEnd"
    case .violation: "violation"
    case .broken: "broken"
    case .over: "over"
    }
  }
}
