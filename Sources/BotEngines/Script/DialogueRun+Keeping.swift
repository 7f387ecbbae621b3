import BotEngine
import JSONText

// Where a call is in its dialogue, so that it goes on from there at another server. Of what was keyed, this has only what the
// script has given a name; nothing of a sensitive state, and nothing that is as long as a card's number.

extension DialogueRun {
  /// Entries that are kept, so that all of it is short enough.
  private static let maximumEntries = 20
  /// Keys of one: a card's number has 13 or more.
  private static let maximumKeys = 12

  /// For another run of the same dialogue.
  var kept: String {
    let bytes = JSONWriter.object { json in
      json.member("state") { $0.string(state.name) }
      json.member("silences") { $0.number(Double(silences)) }
      json.member("all_silences") { $0.number(Double(allSilences)) }
      json.member("failures") { $0.number(Double(failures)) }
      json.member("entries") { json in
        json.object { json in
          for (name, keys) in keptEntries { json.member(name) { $0.string(keys) } }
        }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private var keptEntries: some Collection<(String, String)> {
    entries.compactMap { name, value -> (String, String)? in
      guard case .string(let keys) = value, keys.utf8.count <= Self.maximumKeys else { return nil }
      return (name, keys)
    }.sorted { $0.0 < $1.0 }.prefix(Self.maximumEntries)
  }

  /// Goes on where another run was; at the beginning where this dialogue has no such state, or that run has kept nothing.
  mutating func goOn(from kept: String?) {
    guard let kept, let root = try? JSONDocument(Array(kept.utf8)).root, let name = root["state"]?.string,
      let place = dialogue.states.firstIndex(where: { $0.name == name && $0.then == nil })
    else { return }
    index = place
    func count(_ name: StaticString) -> Int { min(max(0, root[name]?.int ?? 0), Self.maximumCount) }
    (silences, allSilences, failures) = (count("silences"), count("all_silences"), count("failures"))
    for (name, value) in root["entries"]?.members.prefix(Self.maximumEntries) ?? [] {
      guard let keys = value.string, keys.utf8.count <= Self.maximumKeys, DialogueReader.isName(name) else { continue }
      entries[name] = .string(keys)
    }
  }

  /// More than any rule of a dialogue counts to.
  private static let maximumCount = 1_000
}
