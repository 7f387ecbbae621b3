import ArgumentParser
import Foundation
import GatewayConfiguration
import Recordings
import ReplayKit

/// `patchbay recording`: what was recorded.
struct RecordingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recording", abstract: "Lists, exports, verifies and deletes recordings.",
    subcommands: [List.self, Export.self, Import.self, Verify.self, Delete.self])

  /// Where recordings are.
  struct Place: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration that names the folder and the keys.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The folder of recordings, instead of the configuration's.", valueName: "folder"))
    var directory: String?

    @Option(help: ArgumentHelp("The folder of keys, instead of the configuration's.", valueName: "folder"))
    var keys: String?

    func validate() throws {
      try require(config != nil || directory != nil, "Say --config FILE or --directory FOLDER.")
    }

    func open() throws -> (archive: RecordingArchive, directory: String) {
      var directory = directory
      var keys = keys
      if let config {
        let file = try ConfigurationFile.parse(["--config", config])
        let recording = try file.load().recording
        directory = directory ?? recording.directory
        keys = keys ?? recording.keys
      }
      guard let directory else {
        throw CommandError("\(config ?? "") names no recording.directory; say --directory FOLDER.")
      }
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: directory, isDirectory: &isFolder), isFolder.boolValue else {
        throw CommandError("There is no folder \(directory).")
      }
      return (RecordingArchive(directory: directory, keys: keys.map(KeyFolder.init)), directory)
    }
  }

  /// `patchbay recording list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists recordings, the oldest first.")

    @OptionGroup var place: Place

    @Option(help: ArgumentHelp("Only this organization's.", valueName: "uuid"))
    var org: String?

    @Flag(help: "One JSON object a line.")
    var json = false

    func run() throws {
      let entries = try place.open().archive.entries(of: org?.lowercased())
      if json {
        for entry in entries { print(try RecordingRow(entry).jsonLine) }
      } else if entries.isEmpty {
        print("There are no recordings.")
      } else {
        for line in Table.lines([RecordingRow.headings] + entries.map { RecordingRow($0).cells }) { print(line) }
      }
    }
  }

  /// `patchbay recording export`.
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes recordings as files that anything plays: audio, decrypted, and the timeline as JSON.",
      discussion: """
        Files that are there are not written over. With --format call each recording becomes a folder ID.call that \
        `patchbay replay` plays: both sides, the timeline, and call.yaml, which says what the caller did and when. Keys \
        are masked unless the configuration has recordings keep them (recording.digits) and --keep-digits is given; what \
        was sensitive was not recorded, and is masked in any case.
        """)

    @OptionGroup var place: Place

    @OptionGroup var named: NamedRecordings

    @Option(help: "What is made of each: files (audio and timeline), or a call (a folder that can be replayed).")
    var format = ExportFormat.files

    @OptionGroup var arguments: RecordedCallArguments

    @Option(help: ArgumentHelp("Where to write them; made where it is not there.", valueName: "folder"))
    var to = "."

    func run() throws {
      let (archive, directory) = try place.open()
      let audit = try? AuditTrail(directory: directory)
      let entries = try named.entries(in: archive)
      try makeFolder()
      var failed = 0
      for entry in entries {
        do {
          var made: [String]
          switch format {
          case .files:
            let files = try archive.export(entry, to: to, keepsKeys: arguments.keepDigits)
            made = [files.audio, files.timeline]
          case .call: made = [try RecordedCallWriter.export(entry, of: archive, to: to, arguments.options)]
          }
          audit?.write("exported", recording: entry.id, organization: entry.organization, by: "operator")
          print(made.joined(separator: "\n"))
        } catch {
          // The others can still be exported.
          StandardError.write("Not exported: \(error)")
          failed += 1
        }
      }
      if failed > 0 { throw ExitCode.failure }
    }

    private func makeFolder() throws {
      guard !FileManager.default.fileExists(atPath: to) else { return }
      do {
        try FileManager.default.createDirectory(
          atPath: to, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw CommandError("The folder \(to) is not there and cannot be made: \(error.localizedDescription)")
      }
      StandardError.write("Made the folder \(to).")
    }
  }

  /// `patchbay recording verify`.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads recordings from the first byte to the last, and tells what is wrong with them.",
      discussion: """
        Of an encrypted recording every change, cut and exchange shows. Exits with 1 if anything is wrong. With --repair, \
        recordings whose server ended while they were written get an end, and are marked as incomplete.
        """)

    @OptionGroup var place: Place

    @Argument(help: ArgumentHelp("The recordings; default all.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "Mend those that were cut short.")
    var repair = false

    func run() throws {
      let (archive, directory) = try place.open()
      var rows: [[String]] = []
      var bad = 0
      for found in ids.isEmpty ? archive.entries() : try ids.map(archive.entry) {
        var entry = found
        if repair, entry.state == .interrupted {
          try archive.repair(entry)
          try? AuditTrail(directory: directory).write(
            "repaired", recording: entry.id, organization: entry.organization, by: "operator")
          entry = try archive.entry(entry.id)
        }
        let verdict = archive.verify(entry)
        if !verdict.isGood { bad += 1 }
        rows.append([verdict.isGood ? "ok" : "BAD", entry.id, verdict.finding])
      }
      for line in Table.lines([["", "id", "finding"]] + rows) { print(line) }
      print("\(rows.count - bad) good, \(bad) bad")
      if bad > 0 { throw ExitCode.failure }
    }
  }

  /// `patchbay recording delete`.
  struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deletes recordings at once; the audit trail keeps that they were there.")

    @OptionGroup var place: Place

    @OptionGroup var named: NamedRecordings

    func run() throws {
      let (archive, directory) = try place.open()
      let audit = try AuditTrail(directory: directory)
      let entries = try named.entries(in: archive)
      for entry in entries {
        try archive.delete(entry)
        audit.write("deleted", recording: entry.id, organization: entry.organization, by: "operator")
      }
      print("\(entries.count) deleted")
    }
  }
}

/// `recording export --format`
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
  case files, call
}

/// Which recordings are meant.
struct NamedRecordings: ParsableArguments {
  @Argument(help: ArgumentHelp("The recordings.", valueName: "id"))
  var ids: [String] = []

  @Option(help: ArgumentHelp("All recordings of a conversation.", valueName: "id"))
  var conversation: String?

  func validate() throws {
    try require(!ids.isEmpty || conversation != nil, "Name recordings, or --conversation ID.")
  }

  /// The recordings; an error where there is none of them.
  func entries(in archive: RecordingArchive) throws -> [RecordingArchive.Entry] {
    var found = try ids.map { id in try archive.entry(id) }
    if let conversation {
      let own = archive.entries().filter { $0.details?.conversation == conversation }
      if own.isEmpty { throw CommandError("There is no recording of the conversation \(conversation).") }
      found += own.filter { entry in !found.contains { $0.id == entry.id } }
    }
    return found
  }
}

/// A recording as a line of a table or of JSON.
private struct RecordingRow: Encodable {
  var id: String
  var org: String
  var conversation: String?
  var agent: String?
  var kind: String?
  var began: String?
  var milliseconds: Int?
  var format: String?
  var encrypted: Bool
  var state: String
  var bytes: Int
  var reason: String?

  static let headings = ["id", "began", "length", "kind", "agent", "conversation", "format", "state"]

  init(_ entry: RecordingArchive.Entry) {
    id = entry.id
    org = entry.organization
    conversation = entry.details?.conversation
    agent = entry.details?.agent
    kind = entry.details?.kind
    began = entry.details.map {
      Date(timeIntervalSince1970: TimeInterval($0.began)).formatted(.iso8601)
    }
    milliseconds = entry.milliseconds
    format = entry.details?.format
    encrypted = entry.isSealed
    state = entry.state.rawValue
    bytes = entry.size
    reason = entry.reason
  }

  var cells: [String] {
    let length = milliseconds.map { $0 < 0 ? "?" : String(format: "%.1f s", Double($0) / 1_000) }
    return [
      id, began ?? "?", length ?? "", kind ?? "?", agent ?? "?", conversation ?? "?",
      (format ?? "?") + (encrypted ? ", encrypted" : ""), state,
    ]
  }
}
