package import AudioCodecs
import ReplayKit
package import YAMLReading

extension ConformanceScenario {
  /// A scenario that was made of a recorded call, with the files of its words.
  package struct Made: Sendable {
    /// The text of the scenario's file.
    package var yaml: String
    /// What is said, by file.
    package var words: [(file: String, wav: WAVFile)]
    /// Keys and stretches of speech that the recording does not have.
    package var masked: Int
  }

  /// Makes a scenario of a recorded call: the same turns at the same times, each turn's words in a file of its own, and
  /// what is known of the recorded answers as what is expected of the new ones.
  ///
  /// - Parameters:
  ///   - folder: of the recorded call.
  ///   - id: what the names of the files begin with.
  package static func make(ofCallIn folder: String, id: String) throws(ConfigurationError) -> Made {
    var call = try RecordedCall(folder: folder)
    let words = try CallFolder.words(of: call, in: folder)
    var made = Made(yaml: "", words: [], masked: 0)
    expect(&call.greeting)
    for index in call.turns.indices {
      expect(&call.turns[index].answer)
      switch call.turns[index].act {
      case .press(let keys): made.masked += keys.count { $0 == nil }
      case .say(.masked): made.masked += 1
      default: break
      }
      guard let wav = words[index] else { continue }
      let file = "\(id)-\(index + 1).wav"
      made.words.append((file, wav))
      call.turns[index].act = .say(.file(file))
    }
    let lines = [
      "# Made of the recorded call \(folder.split(separator: "/").last.map(String.init)?.quotedForMessage ?? "").",
      "scenario: \(version)", "name: \(RecordedCall.quoted(call.name))",
    ]
    made.yaml = (lines + call.steps).joined(separator: "\n") + "\n"
    return made
  }

  /// What an answer was becomes what is expected of it, where nothing is expected yet.
  private static func expect(_ answer: inout RecordedAnswer) {
    if answer.expected == nil { answer.expected = answer.past.map(TurnExpectation.init(like:)) }
    answer.past = nil
  }
}
