import Glibc
import Testing

@testable import WebexProtocol

@Suite("Nested messages on a small stack")
struct MessageDepthTests {
  /// Runs a closure on a thread with a stack of 512 KB and waits for it.
  static func onSmallStack(_ body: @escaping @Sendable () -> Void) throws {
    final class Box: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    try #require(pthread_attr_setstacksize(&attributes, 512 * 1024) == 0)
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(Box(body)).toOpaque())
    try #require(result == 0)
    pthread_join(thread, nil)
  }

  @Test("P2: Structs of 16 levels are read, on a stack of 512 KB")
  func sixteen() throws {
    try Self.onSmallStack {
      let request = try? decodeRequest(Wire.event(parameters: Wire.nestedStruct(levels: 16)))
      guard case .event(let event) = request?.input, var value = event.parameters["k"] else {
        Issue.record("no parameters")
        return
      }
      var levels = 1
      while case .object(let object) = value, let next = object["k"] { (value, levels) = (next, levels + 1) }
      #expect(levels == 15, "the sixteenth is empty")
      #expect(value == .object([:]))
    }
  }

  @Test("P2: Structs and lists of more levels are refused, on a stack of 512 KB", arguments: [17, 300, 1000, 4_800])
  func deeper(levels: Int) throws {
    try Self.onSmallStack {
      let refused = refusal(Wire.event(parameters: Wire.nestedStruct(levels: levels)))
      #expect(refused?.reason == .tooDeep(limit: 16))
      let list = Wire.bytes(6, Wire.nestedList(levels: levels))
      let lists = refusal(Wire.event(parameters: Wire.bytes(1, Wire.text(1, "l") + Wire.bytes(2, list))))
      #expect(lists?.reason == .tooDeep(limit: 16))
    }
  }

  @Test("P2: 30,000 messages within one another are refused, on a stack of 512 KB")
  func thirtyThousand() throws {
    try Self.onSmallStack {
      // Two messages a level, in less than 128 KB.
      let list = Wire.bytes(6, Wire.nestedList(levels: 15_000))
      let message = Wire.event(parameters: Wire.bytes(1, Wire.text(1, "l") + Wire.bytes(2, list)))
      #expect(message.count < 131_072)
      #expect(refusal(message)?.reason == .tooDeep(limit: 16))
      let deeper = Wire.event(parameters: Wire.nestedStruct(levels: 30_000))
      #expect(refusal(deeper)?.reason == .messageTooLarge(bytes: deeper.count, limit: 131_072))
    }
  }

  @Test("P2: levels that a repeated member of a oneof hides are counted as well")
  func repeatedMembers() throws {
    try Self.onSmallStack {
      let parameters = Wire.nestedStruct(levels: 17)
      let twice = Wire.bytes(8, Wire.bytes(3, [])) + Wire.bytes(8, Wire.bytes(3, parameters))
      #expect(refusal(twice)?.reason == .tooDeep(limit: 16))
    }
  }
}
