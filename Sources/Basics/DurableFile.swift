import Glibc

/// Files that survive a crash at any moment: the old content or the new, never a part; mode 0600.
public enum DurableFile {
  /// Replaces a file in one step. When this returns, the content is on the disk, and so is its name.
  public static func replace(_ path: String, _ bytes: [UInt8]) throws(FileError) {
    // A link keeps leading to the file that it leads to.
    let target = resolved(path)
    let (descriptor, name) = try write(bytes, beside: target)
    close(descriptor)
    guard rename(name, target) == 0 else {
      let error = FileError(path, cannotBe: "replaced")
      unlink(name)
      throw error
    }
    try syncFolder(of: target)
  }

  /// Writes a file that must not exist yet, in one step.
  public static func create(_ path: String, _ bytes: [UInt8]) throws(FileError) {
    let (descriptor, name) = try write(bytes, beside: path)
    close(descriptor)
    defer { unlink(name) }
    // A link fails where the name is taken, which a rename would not.
    guard link(name, path) == 0 else { throw FileError(path, cannotBe: "made") }
    try syncFolder(of: path)
  }

  /// Writes a file of a fresh name beside another onto the disk: one that is to take its place. The caller closes it.
  package static func write(
    _ bytes: [UInt8], beside path: String
  ) throws(FileError) -> (descriptor: Int32, name: String) {
    var template = Array((path + ".XXXXXX").utf8CString)
    // Made with mode 0600.
    let file = mkstemp(&template)
    guard file >= 0 else { throw FileError(path, cannotBe: "written") }
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    let name = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    guard rest.isEmpty, fsync(file) == 0 else {
      let error = FileError(path, cannotBe: "written")
      close(file)
      unlink(name)
      throw error
    }
    return (file, name)
  }

  private static func syncFolder(of path: String) throws(FileError) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(folder, cannotBe: "written") }
    defer { close(descriptor) }
    // Some file systems cannot, and say so; then there is nothing more to be done.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw FileError(folder, cannotBe: "written")
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
