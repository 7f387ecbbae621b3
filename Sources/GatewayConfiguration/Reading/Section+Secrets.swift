import YAMLReading

extension Section {
  /// The path of a file with a secret: it can be read, and by nobody but its owner.
  func secretFile(_ key: String, write: String) -> String? {
    guard let path = file(key, write: write) else { return nil }
    if BoundedFile.isOpenToOthers(path) {
      reading.report(
        place(of: key), "`\(name(key))`: \(path.quotedForMessage) can be read or written by others than its owner",
        "chmod 600 \(path)")
    }
    return path
  }
}
