import ArgumentParser
import AudioCodecs
import Conformance
import Foundation
import ReplayKit
import YAMLReading

/// `patchbay conformance from-recording`.
struct ConformanceRecording: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "from-recording",
    abstract: "Makes a scenario of a recorded call: a YAML file, and a WAV file for each turn that is spoken.",
    discussion: """
      A recorded call is a folder with a call.yaml (Docs/recorded-calls.md): `patchbay recording export --format call` \
      makes one of a recording. The scenario does the same at the same times, and expects answers like the recorded ones: \
      with audio where there was audio, and within twice the time, at least a second more. Edit it as you like.

        patchbay recording export --config patchbay.yaml ID --format call --to calls
        patchbay conformance from-recording calls/ID.call --to scenarios
        patchbay conformance --scenario scenarios --target localhost:50051 --token token.txt

      Files that are there are not written over.
      """)

  @Argument(help: ArgumentHelp("A recorded call, its call.yaml, or a folder of such.", valueName: "folder or file"))
  var path: String

  @Option(help: ArgumentHelp("Where to write; made where it is not there.", valueName: "folder"))
  var to = "."

  @Option(help: ArgumentHelp("What the files are called. Default: as the folder of the call.", valueName: "name"))
  var name: String?

  func validate() throws {
    guard
      name.map({ !$0.isEmpty && $0.count <= 60 && $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" } }) ?? true
    else { throw ValidationError("--name has letters, digits and hyphens, at most 60.") }
  }

  func run() throws {
    let folders = try ConfigurationFile.report { () throws(ConfigurationError) in
      try CallFolder.calls(at: callFolder)
    }
    try require(folders.count == 1 || name == nil, "--name goes with one call, not a folder of them.")
    for folder in folders {
      let id = name ?? ConformanceScenario.id(of: RecordedCall.folderName(of: folder + "/" + RecordedCall.fileName))
      let made = try ConfigurationFile.report { () throws(ConfigurationError) in
        try ConformanceScenario.make(ofCallIn: folder, id: id)
      }
      try write(made, id)
      if made.masked > 0 {
        StandardError.write(
          "note: \(id).yaml: \(made.masked) keys or stretches of speech were not kept: 1 is pressed for ?, and another "
            + "sentence said. Write what was meant.")
      }
    }
  }

  /// The folder that the path stands for.
  private var callFolder: String {
    guard path.hasSuffix(RecordedCall.fileName), !CallFolder.isFolder(path) else { return path }
    let folder = String(path.dropLast(RecordedCall.fileName.count))
    return folder.isEmpty ? "." : folder == "/" ? "/" : String(folder.dropLast())
  }

  private func write(_ made: ConformanceScenario.Made, _ id: String) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: to, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw CommandError("The folder \(to) cannot be made: \(error.localizedDescription)") }
    // The words first: a scenario that is there is complete.
    let files = made.words.map { ($0.file, Data($0.wav.bytes)) } + [("\(id).yaml", Data(made.yaml.utf8))]
    for (file, _) in files where FileManager.default.fileExists(atPath: to + "/" + file) {
      throw CommandError("\(to)/\(file) is there already; say another --name, or remove it.")
    }
    for (file, bytes) in files {
      do {
        try bytes.write(to: URL(fileURLWithPath: to + "/" + file), options: .withoutOverwriting)
        // Callers' voices are nobody else's.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: to + "/" + file)
      } catch { throw CommandError("\(to)/\(file) cannot be written: \(error.localizedDescription)") }
    }
    print("\(to)/\(id).yaml")
  }
}
