import Foundation

/// A folder that is removed with its test.
final class TemporaryFolder {
  let path = NSTemporaryDirectory() + "patchbay-" + UUID().uuidString

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
