import Glibc
import Testing

@testable import WebexProtocol
@testable import Wire

@Suite("The memory of a decoded message")
struct MessageMemoryTests {
  static let rich = VoiceRequest(
    conversationID: "c", organizationID: "o", agentID: "a", allowsPartialResponses: true, vendorConfiguration: "{}",
    additionalInfo: ["k": "v", "l": "w"],
    input: .event(
      .init(
        .custom, name: "n", parameters: ["list": .list([.number(1), .object(["x": .string("y")])]), "b": .bool(true)]))
  ).encoded()

  /// Every shape that makes protobuf-c allocate: messages, texts, maps, lists, bytes, packed numbers, unknown fields,
  /// more fields than its first table holds, and what is rewritten.
  static let messages: [[UInt8]] = [
    rich, rich + Wire.text(100, "unknown") + Wire.number(101, 5),
    Wire.bytes(7, Wire.bytes(1, [1, 2, 3])), Wire.bytes(7, Wire.number(1, 1) + Wire.number(1, 2)),
    Wire.bytes(6, Wire.bytes(1, [1, 2, 3]) + Wire.bytes(4, Wire.number(1, 5)) + Wire.text(5, "en")),
    (0..<300).flatMap { _ in Wire.text(1, "again") } + rich,
    Wire.bytes(6, Wire.number(2, 1)) + Wire.bytes(6, Wire.bytes(1, [1])), Wire.number(1, 5) + rich,
  ]

  @Test("P3: without memory for the n-th allocation, for every n, a message is refused", arguments: messages.indices)
  func failingAllocation(index: Int) throws {
    let bytes = Self.messages[index]
    var needed = 0
    while true {
      let decoder = VoiceRequestDecoder(arena: CappedArena(allocations: needed))
      let error = refusal { try bytes.withUnsafeBytes { try VoiceRequest(decoder.decode($0)) } }
      guard let error else { break }
      #expect(error.reason == .tooMuchMemory)
      needed += 1
      try #require(needed <= 4096)
    }
    #expect(needed > 2)
  }

  @Test("P3: nor is there more than the cap of bytes", arguments: messages.indices)
  func cappedBytes(index: Int) throws {
    let bytes = Self.messages[index]
    var capacity = 0
    while true {
      let decoder = VoiceRequestDecoder(arena: CappedArena(bytes: capacity))
      let error = refusal { try bytes.withUnsafeBytes { try VoiceRequest(decoder.decode($0)) } }
      guard let error else { break }
      #expect(error.reason == .tooMuchMemory)
      capacity += 8
      try #require(capacity <= 1 << 20)
    }
    #expect(capacity > bytes.count)
  }

  @Test("P3: a refused message leaves the decoder as it was")
  func recovery() throws {
    let decoder = VoiceRequestDecoder(arena: CappedArena(allocations: 64))
    for _ in 0..<3 {
      let many = (0..<60).flatMap { Wire.text(9, "") + Wire.text(100, "\($0)") }
      #expect(refusal { try many.withUnsafeBytes { _ = try decoder.decode($0) } } != nil)
      let copy = try Self.rich.withUnsafeBytes { try VoiceRequest(decoder.decode($0)) }
      #expect(copy == (try decodeRequest(Self.rich)))
    }
  }

  /// The message of a kind that takes most memory within the limits.
  static let greedy: [[UInt8]] = [
    (0..<512).flatMap { _ in Wire.number(100, 1) },
    (0..<512).flatMap { _ in Wire.bytes(100, [UInt8](repeating: 0, count: 250)) },
    (0..<512).flatMap { _ in Wire.bytes(6, []) },
    (0..<510).flatMap { _ in Wire.text(5, String(repeating: "x", count: 250)) },
    Wire.event(
      parameters: (0..<256).flatMap { Wire.bytes(1, Wire.text(1, "\($0)") + Wire.bytes(2, Wire.bytes(5, []))) }),
    Wire.event(
      parameters: Wire.bytes(
        1, Wire.bytes(2, Wire.bytes(6, (0..<255).flatMap { _ in Wire.bytes(1, Wire.bytes(5, [])) })))),
  ]

  @Test("P3: whatever the limits let pass takes less than the cap", arguments: greedy.indices)
  func decodesGreedy(index: Int) throws {
    let bytes = Self.greedy[index]
    let arena = CappedArena()
    let decoder = VoiceRequestDecoder(arena: arena)
    try bytes.withUnsafeBytes { _ = try decoder.decode($0) }
    #expect(arena.usage.bytes < 1 << 20)
    #expect(arena.usage.allocations < 4096)
  }

  /// What of this process is in memory (proc(5), `statm`).
  static func residentBytes() throws -> Int {
    let file = try #require(fopen("/proc/self/statm", "r"))
    defer { fclose(file) }
    var line = [UInt8](repeating: 0, count: 256)
    let count = fread(&line, 1, line.count, file)
    let pages = String(decoding: line[..<count], as: UTF8.self).split(separator: " ").dropFirst().first
    return try #require(pages.flatMap { Int($0) }) * sysconf(Int32(_SC_PAGESIZE))
  }

  @Test("P1: 64 KB of unknown fields are refused, a thousand times over, without a byte kept")
  func unknownFields() throws {
    let decoder = VoiceRequestDecoder()
    let unknown = (0..<16_384).flatMap { _ in Wire.number(200, 300) }
    #expect(unknown.count == 65_536)
    func refuse() {
      let error = refusal { try unknown.withUnsafeBytes { _ = try decoder.decode($0) } }
      #expect(error == MessageError(.tooManyFields(limit: 512), at: "200"))
    }
    refuse()
    let before = try Self.residentBytes()
    for _ in 0..<1000 { refuse() }
    // Tests that run beside this one take memory too, but a message kept each time would be 64 MB.
    #expect(try Self.residentBytes() < before + (24 << 20))
  }

  @Test("an audio frame takes little of the memory that is there, and the same each time")
  func audioFrame() throws {
    let frame = VoiceRequest(
      conversationID: "2f4c1a0e-8d4b-4f36-9d8b-8a1e2f3c4d5e", organizationID: "ce861fba-6e2f-49f9-9a84-b354008fac9e",
      agentID: "front-desk", input: .audio(.init(bytes: [UInt8](repeating: 0xFF, count: 160), encoding: .mulaw))
    ).encoded()
    let arena = CappedArena()
    let decoder = VoiceRequestDecoder(arena: arena)
    for _ in 0..<100 {
      let request = try frame.span.bytes.withUnsafeBytes { try decoder.decode($0) }
      let isOurs = request.organizationID.equals("ce861fba-6e2f-49f9-9a84-b354008fac9e")
      let heard = if case .audio(let audio) = request.input { audio.bytes.count } else { 0 }
      #expect(isOurs && heard == 160)
      #expect(arena.usage.allocations == 6, "two messages, three ids, the audio")
      #expect(arena.usage.bytes < 1024)
    }
  }
}
