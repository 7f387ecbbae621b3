import Testing

@testable import Recordings

@Suite("Keys in a folder")
struct KeyFolderTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  @Test("The last name is the current key, and older ones stay")
  func rotation() throws {
    try folder.write([UInt8](repeating: 1, count: 32), "\(organization)/2026-10.key")
    let keys = KeyFolder(folder.path)
    #expect(try keys.current(for: organization).id == "2026-10")
    let hexadecimal = String(repeating: "0a", count: 32) + "\n"
    try folder.write(Array(hexadecimal.utf8), "\(organization)/2026-11.key")
    #expect(try keys.current(for: organization).id == "2026-11")
    #expect(try keys.current(for: organization).bytes == [UInt8](repeating: 10, count: 32))
    #expect(try keys.key("2026-10", for: organization).bytes == [UInt8](repeating: 1, count: 32))
  }

  @Test("A key that others can read is refused, with what to do")
  func open() throws {
    try folder.write([UInt8](repeating: 1, count: 32), "\(organization)/a.key", mode: 0o640)
    let error = #expect(throws: RecordingError.self) { try KeyFolder(folder.path).current(for: organization) }
    #expect(error?.message.contains("chmod 600") == true)
  }

  @Test("What is no key, no folder or no name is refused", arguments: ["../secret", "a/b", "", ".."])
  func names(id: String) throws {
    try folder.write([1, 2, 3], "\(organization)/short.key")
    let keys = KeyFolder(folder.path)
    #expect(throws: RecordingError.self) { try keys.current(for: organization) }
    #expect(throws: RecordingError.self) { try keys.current(for: "../\(organization)") }
    #expect(throws: RecordingError.self) { try keys.key(id, for: organization) }
  }
}
