import Foundation
import Testing

@testable import Basics

/// A folder that is removed at the end of its test.
private final class Folder {
  let path = NSTemporaryDirectory() + "files-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8], mode: Int = 0o600) throws -> String {
    let file = "\(path)/\(name)"
    #expect(
      FileManager.default.createFile(atPath: file, contents: Data(bytes), attributes: [.posixPermissions: mode]))
    return file
  }

  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

private func problem(_ body: () throws(FileError) -> Void) -> String? {
  do throws(FileError) {
    try body()
    return nil
  } catch { return error.problem }
}

@Suite("Files whose size is not to be trusted")
struct BoundedFileTests {
  @Test("A file of the most bytes is read whole; one byte more is an error, and nothing is cut")
  func bounds() throws {
    let folder = try Folder()
    for size in [0, 1, 4_096, 65_536, 200_000] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      let path = try folder.file("\(size)", bytes)
      #expect(try BoundedFile.read(path, maximum: size) == bytes)
      guard size > 0 else { continue }
      #expect(throws: FileError(path, .tooLong(maximum: size - 1))) { try BoundedFile.read(path, maximum: size - 1) }
    }
  }

  @Test("The bound counts for files that have no size, such as the kernel's")
  func kernel() throws {
    #expect(try BoundedFile.text("/proc/self/status", maximum: 1 << 20).hasPrefix("Name:"))
    #expect(
      problem { () throws(FileError) in _ = try BoundedFile.read("/proc/self/status", maximum: 10) }
        == "is over 10 bytes")
    #expect(
      problem { () throws(FileError) in
        _ = try BoundedFile.read("/dev/zero", maximum: 1 << 20, allowsPipes: true)
      } == "is over 1 MiB")
  }

  @Test(
    "Folders, devices and pipes are refused, without waiting for a writer; pipes are read where they are allowed",
    .timeLimit(.minutes(1)))
  func notRegular() throws {
    let folder = try Folder()
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o644) == 0)
    for path in [folder.path, "/dev/zero", pipe] {
      #expect(throws: FileError(path, .notRegular)) { try BoundedFile.read(path, maximum: 10) }
    }
    Thread.detachNewThread {
      let writer = open(pipe, O_WRONLY)
      _ = write(writer, "token", 5)
      close(writer)
    }
    // Its mode says nothing of what comes out of it.
    #expect(try BoundedFile.text(pipe, maximum: 10, isSecret: true, allowsPipes: true) == "token")
    #expect(
      problem { () throws(FileError) in _ = try BoundedFile.read(folder.path, maximum: 10, allowsPipes: true) }
        == "cannot be read (Is a directory)")
  }

  @Test("A missing file is told from others")
  func missing() throws {
    let path = try Folder().path + "/none"
    #expect(try BoundedFile.readIfThere(path, maximum: 10) == nil)
    #expect(
      problem { () throws(FileError) in _ = try BoundedFile.read(path, maximum: 10) }
        == "cannot be read (No such file or directory)")
    let file = "/proc/self/status"
    #expect(throws: FileError(file + "/x", .cannotBe("read", errno: ENOTDIR))) {
      try BoundedFile.readIfThere(file + "/x", maximum: 10)
    }
  }

  @Test("The names in a folder come in order, from no more of its entries than asked for; of no folder there are none")
  func names() throws {
    let folder = try Folder()
    for name in ["b", ".hidden", "a"] { _ = try folder.file(name, []) }
    #expect(BoundedFile.names(in: folder.path) == [".hidden", "a", "b"])
    // Its own entry and its parent's count.
    #expect(BoundedFile.names(in: folder.path, mostEntries: 5)?.count == 3)
    #expect((1...3).contains(BoundedFile.names(in: folder.path, mostEntries: 3)?.count ?? 0))
    #expect(BoundedFile.names(in: folder.path, mostEntries: 0) == [])
    #expect(BoundedFile.names(in: folder.path + "/none") == nil)
  }

  @Test("What is not UTF-8 is no text")
  func text() throws {
    let folder = try Folder()
    #expect(try BoundedFile.text(try folder.file("good", Array("é\n".utf8)), maximum: 10) == "é\n")
    let bad = try folder.file("bad", [0xFF])
    #expect(problem { () throws(FileError) in _ = try BoundedFile.text(bad, maximum: 10) } == "is not UTF-8 text")
  }

  @Test("S6: a secret that others can read or write is refused, with what to do", arguments: [0o640, 0o604, 0o602])
  func secrets(mode: Int) throws {
    let folder = try Folder()
    let path = try folder.file("secret", [1], mode: 0o600)
    #expect(try BoundedFile.read(path, maximum: 1, isSecret: true) == [1])
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    #expect(try BoundedFile.read(path, maximum: 1) == [1])
    let told = problem { () throws(FileError) in _ = try BoundedFile.read(path, maximum: 1, isSecret: true) }
    #expect(told?.contains("mode \(String(mode, radix: 8))") == true && told?.hasSuffix(": chmod 600 \(path)") == true)
    #expect(BoundedFile.isOpenToOthers(path))
  }

  @Test(
    "S6: root gives a file to a process that is not root by its group, to read",
    arguments: [
      (0o400, 1000, 1000, false), (0o440, 0, 1000, false), (0o640, 0, 1000, false), (0o440, 0, 0, true),
      (0o440, 1000, 1000, true), (0o460, 0, 1000, true), (0o444, 0, 1000, true), (0o441, 0, 1000, true),
    ] as [(mode_t, uid_t, uid_t, Bool)])
  func given(mode: mode_t, owner: uid_t, user: uid_t, isOpen: Bool) {
    #expect(BoundedFile.isOpenToOthers(mode: mode, owner: owner, user: user) == isOpen)
  }
}

@Suite("Files that survive a crash")
struct DurableFileTests {
  @Test("A file is replaced in one step, for its owner only, also through a link; nothing is left beside it")
  func replacing() throws {
    let folder = try Folder()
    let path = try folder.file("file", [1], mode: 0o644)
    let link = folder.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let long = [UInt8](repeating: 7, count: 300_000)
    try DurableFile.replace(link, long)
    #expect(try BoundedFile.read(path, maximum: 300_000, isSecret: true) == long)
    #expect(try folder.names == ["file", "link"])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
  }

  @Test("A file that is made must not be there; one that cannot be replaced stays as it was")
  func refused() throws {
    let folder = try Folder()
    let path = folder.path + "/file"
    try DurableFile.create(path, [1])
    #expect(throws: FileError(path, .cannotBe("made", errno: EEXIST))) { try DurableFile.create(path, [2]) }
    #expect(try BoundedFile.read(path, maximum: 1) == [1])
    let inner = folder.path + "/inner"
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
    #expect(throws: FileError(inner, .cannotBe("replaced", errno: EISDIR))) { try DurableFile.replace(inner, [1]) }
    #expect(throws: FileError(path + "/x", .cannotBe("written", errno: ENOTDIR))) {
      try DurableFile.replace(path + "/x", [1])
    }
    #expect(try folder.names == ["file", "inner"])
  }
}
