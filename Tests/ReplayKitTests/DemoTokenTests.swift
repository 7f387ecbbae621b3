import Basics
import Foundation
import Testing

@testable import ReplayKit

@Suite("Where a server leaves the token for calls from its machine")
struct DemoTokenTests {
  /// A folder of one test, for its owner alone.
  private final class Folder {
    let url: URL
    var path: String { url.path }

    init() throws {
      url = FileManager.default.temporaryDirectory.appendingPathComponent("demo-token-\(UUID().uuidString)")
      try FileManager.default.createDirectory(
        at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(at: url) }
  }

  @Test(
    "The folder follows the runtime directory, or lies in /tmp",
    arguments: [
      (String?.none, "/tmp/patchbay-7"), ("", "/tmp/patchbay-7"), ("relative", "/tmp/patchbay-7"),
      ("/run/user/7/", "/run/user/7/patchbay-7"),
    ])
  func folder(directory: String?, folder: String) {
    #expect(DemoToken.folder(runtimeDirectory: directory, user: 7) == folder)
    #expect(DemoToken.path(port: 50051, folder: folder) == "\(folder)/demo-token-50051")
  }

  @Test("Servers side by side each have a file of their own, for its owner alone, until they end")
  func sideBySide() throws {
    let folder = try Folder()
    let sub = folder.path + "/sub"
    #expect(try DemoToken.read(port: 1, folder: sub) == nil)
    let first = try DemoToken.keep("a.b.c", port: 1, folder: sub)
    let second = try DemoToken.keep("d.e.f", port: 2, folder: sub)
    #expect(try DemoToken.read(port: 1, folder: sub) == "a.b.c")
    #expect(try DemoToken.read(port: 2, folder: sub) == "d.e.f")
    #expect(DemoToken.ports(folder: sub) == [1, 2])
    let mode = try FileManager.default.attributesOfItem(atPath: first.path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    try first.replace("g.h.i")
    #expect(try DemoToken.read(port: 1, folder: sub) == "g.h.i")
    second.remove()
    #expect(try DemoToken.read(port: 2, folder: sub) == nil)
    #expect(!FileManager.default.fileExists(atPath: second.path))
    #expect(DemoToken.ports(folder: sub) == [1])
  }

  @Test("What a dead process left is not read, and goes when the next server starts")
  func stale() throws {
    let folder = try Folder()
    let left = DemoToken.path(port: 1, folder: folder.path)
    try Data("dead.dead.dead".utf8).write(to: URL(fileURLWithPath: left))
    #expect(try DemoToken.read(port: 1, folder: folder.path) == nil)
    #expect(DemoToken.ports(folder: folder.path).isEmpty)
    let kept = try DemoToken.keep("a.b.c", port: 2, folder: folder.path)
    #expect(!FileManager.default.fileExists(atPath: left))
    // What another has put in its place is not this server's to remove.
    try FileManager.default.removeItem(atPath: kept.path)
    try Data("other".utf8).write(to: URL(fileURLWithPath: kept.path))
    kept.remove()
    #expect(FileManager.default.fileExists(atPath: kept.path))
  }

  @Test("A folder that others can enter, or that is a link, is not used")
  func openFolder() throws {
    let folder = try Folder()
    let link = folder.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path)
    #expect(throws: FileError.self) { try DemoToken.keep("a.b.c", port: 1, folder: link) }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    #expect(throws: FileError.self) { try DemoToken.keep("a.b.c", port: 1, folder: folder.path) }
  }

  @Test("What lies in a token's place and is no file is not read", .timeLimit(.minutes(1)))
  func notRegular() throws {
    let folder = try Folder()
    let path = DemoToken.path(port: 1, folder: folder.path)
    // A pipe that somebody holds, and into which nobody writes: to read it would take for ever.
    #expect(mkfifo(path, 0o600) == 0)
    let held = open(path, O_RDWR)
    defer { close(held) }
    #expect(flock(held, LOCK_EX) == 0)
    #expect(throws: FileError(path, .notRegular)) { try DemoToken.read(port: 1, folder: folder.path) }
  }

  @Test(
    "A file that holds no token is refused",
    arguments: ["", "two words", "\u{1}a", "é", String(repeating: "a", count: 16_385)])
  func noToken(text: String) throws {
    let folder = try Folder()
    let file = folder.path + "/token"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    #expect(throws: FileError.self) { try DemoToken.read(file) }
  }
}
