import Basics
import Foundation

/// A timeline as lines of JSON (one object a line): the details first, then events, and at the end what became of the
/// recording. A file that lacks the end was cut short.
enum Timeline {
  static let version = 1

  private struct Opening: Codable {
    var timeline: Int
    var recording: RecordingDetails
  }

  /// How a recording ended.
  struct Closing: Codable, Hashable {
    /// Whether all audio is in it.
    var complete: Bool
    /// How long it plays, in milliseconds; -1 where an earlier version repaired it and could not tell.
    var milliseconds: Int
    /// Audio that the disk did not take in time, in milliseconds: silence is in its place.
    var lost: Int
    /// Why it is not complete.
    var reason: String?
  }

  static func opening(_ details: RecordingDetails) -> [UInt8] { line(Opening(timeline: version, recording: details)) }

  static func event(_ event: TimelineEvent) -> [UInt8] {
    var object: [String: Value] = ["ms": .number(event.milliseconds), "event": .word(event.name)]
    for (name, number) in event.numbers { object[name] = .number(number) }
    for (name, word) in event.words { object[name] = .word(String(word.prefix(4_096))) }
    return line(object)
  }

  static func closing(_ closing: Closing) -> [UInt8] { line(["closed": closing]) }

  private enum Value: Encodable {
    case number(Int)
    case word(String)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .number(let number): try container.encode(number)
      case .word(let word): try container.encode(word)
      }
    }
  }

  private static func line(_ value: some Encodable) -> [UInt8] {
    ((try? value.jsonLine()) ?? Array("{}".utf8)) + [0x0A]
  }

  /// What a timeline's bytes say. `nil` where the first line is not one.
  static func parse(_ bytes: [UInt8]) -> (details: RecordingDetails, events: [Data], closing: Closing?)? {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: true).map { Data($0) }
    guard let first = lines.first, let opening = try? JSONDecoder().decode(Opening.self, from: first),
      opening.timeline == version, opening.recording.isPlausible
    else { return nil }
    lines.removeFirst()
    var closing: Closing?
    if let last = lines.last, let end = try? JSONDecoder().decode([String: Closing].self, from: last)["closed"],
      (-1...RecordingDetails.latest).contains(Int64(end.milliseconds))
    {
      closing = end
      lines.removeLast()
    }
    // A line that a crash cut short is none.
    let events = lines.filter { (try? JSONSerialization.jsonObject(with: $0)) != nil }
    return (opening.recording, events, closing)
  }
}

extension RecordingDetails {
  /// Beyond every time that a recording can have; sums and products of it fit.
  fileprivate static let latest: Int64 = 1 << 50

  /// Whether the numbers are such as this program writes: a file may have been changed.
  fileprivate var isPlausible: Bool {
    (1...2).contains(channels.count) && [8_000, 16_000, 24_000, 48_000].contains(sampleRate)
      && (0...Self.latest).contains(began)
  }
}
