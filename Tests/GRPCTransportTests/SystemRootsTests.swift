import Foundation
import Testing

@testable import GRPCTransport

@Suite("The certificate authorities that the system trusts")
struct SystemRootsTests {
  @Test("A file that is too long is refused and not cut, which would lose authorities")
  func tooLong() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("roots-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(repeating: 0x0A, count: 8 << 20).write(to: file)
    #expect(try SystemRoots.read(file.path).utf8.count == 8 << 20)
    try Data(repeating: 0x0A, count: (8 << 20) + 1).write(to: file)
    let error = #expect(throws: RPCStatus.self) { try SystemRoots.read(file.path) }
    #expect(error?.code == .failedPrecondition && error?.message.hasSuffix("\(file.path) is over 8 MiB") == true)
  }
}
