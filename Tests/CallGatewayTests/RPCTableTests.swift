import Testing
import WebexProtocol

@testable import CallGateway

@Suite("What belongs to each RPC of a call")
struct RPCTableTests {
  @Test("It is found by its RPC's id, changed, and taken out, and the others stay")
  func entries() {
    let ids = (1...3).map { RPCID(UInt64($0)) }
    var table = RPCTable<String>()
    #expect(table.isEmpty && table[ids[0]] == nil)
    for id in ids { table[id] = "\(id)" }
    table[ids[1]] = "another"
    #expect(table[ids[0]] == "\(ids[0])" && table[ids[1]] == "another")
    #expect(Set(table.values) == ["\(ids[0])", "another", "\(ids[2])"])
    #expect(table.removeValue(forKey: ids[0]) == "\(ids[0])")
    #expect(table.removeValue(forKey: ids[0]) == nil)
    table[ids[2]] = nil
    table[ids[2]] = nil
    #expect(table[ids[0]] == nil && table[ids[1]] == "another" && table.values.count == 1)
    #expect(table.removeValue(forKey: ids[1]) != nil && table.isEmpty)
  }
}
