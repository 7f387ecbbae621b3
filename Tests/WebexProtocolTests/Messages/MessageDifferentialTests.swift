import BotEngine
import Foundation
import Testing

@testable import WebexProtocol
import Wire

/// Compares what we read with what PyPI's protobuf reads, in the cases that `Tests/Differential/messages.py` wrote to
/// the file that `DIFFERENTIAL_CASES` names.
@Suite("Requests read as PyPI's protobuf reads them")
struct MessageDifferentialTests {
  static let file = ProcessInfo.processInfo.environment["DIFFERENTIAL_CASES"]

  @Test(
    "P5, P6: what is taken says the same; what is refused alone is over a limit of ours",
    .enabled(if: file != nil, "DIFFERENTIAL_CASES is not set"))
  func differences() throws {
    let lines = try String(contentsOfFile: #require(Self.file), encoding: .utf8).split(separator: "\n")
    let decoder = VoiceRequestDecoder()
    var taken = 0
    var stricter = 0
    var refused = 0
    for line in lines {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      let bytes = try #require(Self.bytes(parts.first ?? ""))
      let theirs = String(parts.last ?? "")
      do {
        let view = try bytes.span.bytes.withUnsafeBytes { try decoder.decode($0) }
        let (ours, isWhole) = (Self.described(view), view.leftOut.isEmpty)
        taken += 1
        if !isWhole, theirs != "refused" {
          stricter += 1
        } else if ours != theirs {
          Issue.record("\(parts[0]): \(ours), not \(theirs)")
        }
      } catch let error as MessageError {
        if theirs == "refused" {
          refused += 1
        } else if Self.isOurOwnRule(error.reason) {
          stricter += 1
        } else {
          Issue.record("\(parts[0]): \(error), but it is \(theirs)")
        }
      }
    }
    print("\(lines.count) requests: \(taken) taken, \(refused) refused by both, \(stricter) refused by our own rules")
    #expect(taken > 0 && refused > 0)
  }

  /// P1 and P4 refuse more than protobuf does.
  static func isOurOwnRule(_ reason: MessageError.Reason) -> Bool {
    switch reason {
    case .messageTooLarge, .tooDeep, .tooManyFields, .tooManyValues, .tooLong, .forbiddenCharacter, .unknownValue,
      .invalidWireType:
      true
    case .invalidUTF8, .invalidFieldNumber, .invalidVarint, .truncated, .tooMuchMemory: false
    }
  }

  static func bytes(_ hex: Substring) -> [UInt8]? {
    let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count % 2 == 0 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  static func described(_ request: borrowing VoiceRequestView) -> String {
    let info = request.additionalInfo.map { "\(hex($0.utf8)):\(hex($1.utf8))" }.sorted().joined(separator: ",")
    var parts = [
      hex(request.conversationID.utf8), hex(request.organizationID.utf8), hex(request.agentID.utf8),
      request.allowsPartialResponses ? "1" : "0", hex((request.vendorConfiguration ?? "").utf8), "{\(info)}",
    ]
    switch request.input {
    case .none: parts += ["none"]
    case .audio(let audio):
      let encoding = audio.encoding.map { $0 == .linear16 ? 1 : $0 == .mulaw ? 2 : 3 } ?? 0
      parts += [
        "audio", hex(audio.bytes), "\(encoding)", "\(audio.sampleRate)", hex(audio.languageCode.utf8),
        audio.isSingleUtterance ? "1" : "0",
      ]
    case .dtmf(let keys, let unknownCount):
      parts += ["dtmf", keys.map { "\($0.rawValue)" }.joined(separator: ","), "\(unknownCount)"]
    case .event(let event):
      parts += ["event", "\(event.kind.wire)", hex(event.name.utf8), described(.object(event.parameters))]
    }
    return parts.joined(separator: "|")
  }

  static func described(_ value: BotValue) -> String {
    switch value {
    case .null: return "n"
    case .bool(let bool): return bool ? "b1" : "b0"
    case .number(let number):
      let digits = String(number.bitPattern, radix: 16)
      return "d" + String(repeating: "0", count: 16 - digits.count) + digits
    case .string(let string): return "s" + hex(string.utf8)
    case .list(let values): return "[\(values.map(described).joined(separator: ","))]"
    case .object(let object):
      let entries = object.map { "\(hex($0.utf8)):\(described($1))" }.sorted()
      return "{\(entries.joined(separator: ","))}"
    }
  }
}
