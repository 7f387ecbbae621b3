public import Basics
import Foundation
import Glibc
import Logging
import TokenVerification

/// A folder that a stand-in keeps its keys, tokens and data sources in, so that it goes on where it ended. Its files are
/// for the owner only.
public struct StandInStore: Sendable {
  private struct Content: Codable {
    var keys: [String]
    var dataSources: [StandInDataSource]
    var grants: [StandInGrant]
  }

  private static let maximumBytes = 8 << 20

  /// The folder.
  public let folder: String

  /// A store in this folder, which is made if it is not there.
  public init(folder: String) throws(FileError) {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw FileError(folder, "cannot be made (\(error.localizedDescription))") }
  }

  /// The platform as it was kept, under these settings; a new one if none was.
  public func load(_ settings: StandInSettings) throws(FileError) -> WebexPlatform {
    let path = file("state.json")
    do {
      guard let bytes = try BoundedFile.readIfThere(path, maximum: Self.maximumBytes) else {
        return try WebexPlatform(settings)
      }
      let content = try JSONDecoder().decode(Content.self, from: Data(bytes))
      let keys = try content.keys.map { try DevelopmentIssuer(keyFile: keyFile($0), issuer: settings.issuer) }
      guard !keys.isEmpty else { throw FileError(path, "names no key") }
      var platform = WebexPlatform(settings, keys: keys)
      platform.dataSources = content.dataSources
      platform.grants = content.grants
      return platform
    } catch { throw FileError(path, "cannot be used (\(error)); remove it to begin anew") }
  }

  /// Writes a secret for a configuration to name: a file of mode 0600. Returns its path.
  public func write(_ secret: String, as name: String) throws(FileError) -> String {
    try DurableFile.replace(file(name), Array((secret + "\n").utf8))
    return file(name)
  }

  /// Writes what there is, if something changed.
  func saveIfChanged(_ platform: inout WebexPlatform, logger: Logger) {
    guard platform.isChanged || !FileManager.default.fileExists(atPath: file("state.json")) else { return }
    do {
      for key in platform.keys where !FileManager.default.fileExists(atPath: keyFile(key.keyID)) {
        try key.save(keyFile: keyFile(key.keyID))
      }
      let content = Content(
        keys: platform.keys.map(\.keyID), dataSources: platform.dataSources, grants: platform.grants)
      try DurableFile.replace(file("state.json"), Array(try JSONEncoder().encode(content)))
      // A withdrawn key is of no more use.
      let files = Set(platform.keys.map { keyFile($0.keyID) })
      for name in try FileManager.default.contentsOfDirectory(atPath: folder)
      where name.hasPrefix("key-") && name.hasSuffix(".pem") && !files.contains(file(name)) { unlink(file(name)) }
      platform.isChanged = false
    } catch {
      logger.error("the stand-in's state could not be kept", metadata: ["reason": "\(error)"])
    }
  }

  private func file(_ name: String) -> String { folder + "/" + name }

  private func keyFile(_ id: String) -> String {
    file("key-\(id.filter { $0.isLetter || $0.isNumber || "-_".contains($0) }).pem")
  }
}
