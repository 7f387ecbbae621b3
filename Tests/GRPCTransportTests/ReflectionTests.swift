import Testing

@testable import GRPCTransport

@Suite("Server reflection")
struct ReflectionTests {
  /// A file with a message that holds another, an enum, and a service, which imports a second file.
  private func sets() -> [[UInt8]] {
    var inner: [UInt8] = []
    inner.append(field: 1, "Inner".utf8)
    var message: [UInt8] = []
    message.append(field: 1, "Outer".utf8)
    message.append(field: 3, inner)
    var service: [UInt8] = []
    service.append(field: 1, "Telephone".utf8)
    var method: [UInt8] = []
    method.append(field: 1, "Ring".utf8)
    service.append(field: 2, method)
    var file: [UInt8] = []
    file.append(field: 1, "a.proto".utf8)
    file.append(field: 2, "house".utf8)
    file.append(field: 3, "b.proto".utf8)
    file.append(field: 4, message)
    file.append(field: 6, service)
    var imported: [UInt8] = []
    imported.append(field: 1, "b.proto".utf8)
    // A file that imports itself, and one that is not there.
    imported.append(field: 3, "b.proto".utf8)
    imported.append(field: 3, "c.proto".utf8)
    return [file, imported].map {
      var set: [UInt8] = []
      set.append(field: 1, $0)
      return set
    }
  }

  @Test(
    "A file is found by what it declares, with what it imports",
    arguments: ["house.Outer", "house.Outer.Inner", "house.Telephone", "house.Telephone.Ring"])
  func found(symbol: String) {
    let files = FileDescriptors(sets: sets())
    #expect(files.file(declaring: symbol)?.count == 2)
    #expect(files.file(declaring: symbol) == files.file("a.proto"))
    #expect(files.file(declaring: "house") == nil && files.file("c.proto") == nil)
  }

  @Test("What is malformed is refused, or left out, and never traps")
  func malformed() throws {
    let whole = sets()[0]
    for length in whole.indices {
      _ = FileDescriptors(sets: [Array(whole[..<length])])
      _ = try? ReflectionRequest(Array(whole[..<length]))
    }
    #expect(throws: RPCStatus.self) { try ReflectionRequest([0x22, 0x05, 0x41]) }
    #expect(throws: RPCStatus.self) { try ReflectionRequest([0x22, 0x01, 0xFF]) }
    #expect(try ReflectionRequest([]) == .unknown)
  }
}
