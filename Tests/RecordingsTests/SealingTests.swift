import Testing

@testable import Recordings

@Suite("Sealed files (S4)")
struct SealingTests {
  private let keys: FixedKeys
  private let plain = (0..<5).map { number in (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) } }

  init() throws { keys = try FixedKeys() }

  private func sealed(isLast: Bool = true) throws -> [UInt8] {
    var sealer = try Sealer(key: try keys.current(for: organization), organization: organization, name: "a.wav.sealed")
    var bytes = sealer.header
    for (index, piece) in plain.enumerated() {
      bytes += try sealer.seal(piece, isLast: isLast && index == plain.count - 1)
    }
    return bytes
  }

  private func unseal(
    _ bytes: [UInt8], organization owner: String = organization, name: String = "a.wav.sealed"
  ) throws -> (records: [[UInt8]], isWhole: Bool) {
    var unsealer = try Unsealer(header: bytes, organization: owner, name: name, keys: keys)
    var offset = unsealer.headerBytes
    var records: [[UInt8]] = []
    while offset < bytes.count {
      guard case .record(let record, let size, _) = try unsealer.next(bytes[offset...]) else { return (records, false) }
      records.append(record)
      offset += size
    }
    return (records, unsealer.isDone)
  }

  /// Where each record begins, and the end.
  private func places(_ bytes: [UInt8]) throws -> [Int] {
    let start = try Unsealer(header: bytes, organization: organization, name: "a.wav.sealed", keys: keys).headerBytes
    return (0...5).map { start + $0 * (4 + 1_000 + AESGCM.tagBytes) }
  }

  @Test("What was sealed is read again, and nothing of it is in the file")
  func roundTrip() throws {
    let bytes = try sealed()
    let read = try unseal(bytes)
    #expect(read.records == plain)
    #expect(read.isWhole)
    #expect(!bytes.indices.contains { bytes[$0...].starts(with: plain[0].prefix(16)) })
  }

  @Test("Each changed bit of a record or of the header shows")
  func flipped() throws {
    let bytes = try sealed()
    for index in stride(from: 0, to: bytes.count, by: 7) {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      let read = try? unseal(changed)
      #expect(read == nil || !read!.isWhole, "byte \(index)")
    }
  }

  @Test("Every cut shows, between records too")
  func cut() throws {
    let bytes = try sealed()
    for length in Array(stride(from: 0, to: bytes.count, by: 101)) + (try places(bytes)).dropLast() {
      let read = try? unseal(Array(bytes.prefix(length)))
      #expect(read?.isWhole != true, "cut at \(length)")
    }
  }

  @Test("Records that change places, are repeated or left out show")
  func swapped() throws {
    let bytes = try sealed()
    let places = try places(bytes)
    func record(_ index: Int) -> ArraySlice<UInt8> { bytes[places[index]..<places[index + 1]] }
    for first in 0..<5 {
      for second in 0..<5 where first != second {
        var order = [0, 1, 2, 3, 4]
        order.swapAt(first, second)
        let changed = Array(bytes.prefix(places[0])) + order.flatMap(record)
        #expect((try? unseal(changed))?.isWhole != true)
        let without = Array(bytes.prefix(places[0])) + (0..<5).filter { $0 != first }.flatMap(record)
        #expect((try? unseal(without))?.isWhole != true)
      }
    }
    #expect(throws: RecordingError.self) { try unseal(bytes + record(4)) }
  }

  @Test("Another organization's key and another file's name do not open it")
  func bound() throws {
    let bytes = try sealed()
    #expect(throws: RecordingError.self) { try unseal(bytes, organization: otherOrganization) }
    #expect(throws: RecordingError.self) { try unseal(bytes, name: "b.wav.sealed") }
  }

  @Test("A file without its last record is not whole, and a repair closes it")
  func repaired() throws {
    let bytes = try sealed(isLast: false)
    #expect(try !unseal(bytes).isWhole)
    var unsealer = try Unsealer(header: bytes, organization: organization, name: "a.wav.sealed", keys: keys)
    var offset = unsealer.headerBytes
    while offset < bytes.count, case .record(_, let size, _) = try unsealer.next(bytes[offset...]) { offset += size }
    var sealer = Sealer(repairing: unsealer)
    let closed = bytes + (try sealer.seal([], isLast: true, isRepair: true))
    #expect(try unseal(closed).isWhole)
  }

  @Test("AES-256-GCM gives the published result")
  func knownAnswer() throws {
    // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14.
    let cipher = try AESGCM(key: [UInt8](repeating: 0, count: 32))
    let sealed = try cipher.seal(
      [UInt8](repeating: 0, count: 16), nonce: [UInt8](repeating: 0, count: 12), header: [])
    let expected = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    #expect(sealed.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
  }
}
