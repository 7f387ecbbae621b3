import Testing

@testable import Recordings

@Suite("A recording that is heard piece by piece")
struct ListeningTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// A call of nine seconds with a sensitive stretch, and its archive.
  private func call(
    _ format: RecordingFormat = .wav, keys: (any RecordingKeys)? = nil
  ) throws -> (archive: RecordingArchive, id: String) {
    let service = try RecordingService.make(folder, format: format, keys: keys)
    let recorder = service.record(RecordingService.plan)
    recorder.agent(mulaw: [UInt8](repeating: 0x10, count: 8_000), now: .zero)
    recorder.set(isSensitive: true, now: .seconds(2))
    recorder.set(isSensitive: false, now: .seconds(4))
    for second in stride(from: 500, to: 9_000, by: 500) { recorder.elapsed(now: .milliseconds(second)) }
    recorder.finish(now: .seconds(9))
    #expect(service.drain(within: .seconds(10)))
    return (service.archive, recorder.id)
  }

  private func whole(_ archive: RecordingArchive, _ entry: RecordingArchive.Entry, pieces: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let piece = try archive.audio(of: entry, from: bytes.count, atMost: pieces)
      #expect(piece.count <= pieces)
      if piece.isEmpty { return bytes }
      bytes += piece
    }
  }

  @Test(
    "pieces of any size make the file that an export makes, sealed or not, with the length in its header",
    arguments: [(RecordingFormat.wav, false), (.wav, true), (.opus, false), (.opus, true)])
  func pieces(format: RecordingFormat, isSealed: Bool) throws {
    let (archive, id) = try call(format, keys: isSealed ? try FixedKeys() : nil)
    let entry = try archive.entry(id, of: organization)
    let hearing = try archive.hearing(of: entry)
    #expect(hearing.contentType == (format == .wav ? "audio/wav" : "audio/ogg"))
    #expect(hearing.milliseconds == 9_000 && hearing.silences == [2_000...4_000])
    let exported = try archive.export(entry, to: folder.path)
    let file = try folder.bytes(String(exported.audio.dropFirst(folder.path.count + 1)))
    #expect(hearing.count == file.count)
    for size in [1_001, 65_536, 10_000_000] { #expect(try whole(archive, entry, pieces: size) == file) }
    // From anywhere, within the header too.
    for offset in [1, 3, 43, 44, 45, 9_999, file.count - 1] {
      #expect(try archive.audio(of: entry, from: offset, atMost: 777) == Array(file[offset...].prefix(777)))
    }
    #expect(try archive.audio(of: entry, from: file.count, atMost: 1).isEmpty)
    #expect(try archive.audio(of: entry, from: -1, atMost: 1).isEmpty)
  }

  @Test("without the key, after a changed bit and after a cut nothing is heard, and it is said why")
  func damaged() throws {
    let keys = try FixedKeys()
    let (archive, id) = try call(keys: keys)
    let name = "\(organization)/\(id).wav.sealed"
    let blind = RecordingArchive(directory: folder.path, keys: nil)
    #expect(throws: RecordingError.self) { try blind.hearing(of: try blind.entry(id, of: organization)) }
    let good = try folder.bytes(name)
    var changed = good
    changed[good.count / 2] ^= 1
    try folder.write(changed, name)
    let entry = try archive.entry(id, of: organization)
    #expect(throws: RecordingError.self) { try whole(archive, entry, pieces: 65_536) }
    try folder.write(Array(good.dropLast(3_000)), name)
    #expect(throws: RecordingError.self) { try archive.hearing(of: entry) }
  }

  @Test("an id is one: no path, no other organization's, none that is gone")
  func ids() throws {
    let (archive, id) = try call()
    #expect(try archive.entry(id, of: organization).state == .complete)
    for (wrong, of) in [(id, otherOrganization), ("../\(organization)/\(id)", organization), ("", organization)] {
      #expect(throws: RecordingError.self) { try archive.entry(wrong, of: of) }
    }
    try archive.delete(try archive.entry(id, of: organization))
    #expect(throws: RecordingError.self) { try archive.entry(id, of: organization) }
  }

  @Test("a recording that is being written is not heard yet")
  func live() throws {
    let service = try RecordingService.make(folder)
    let recorder = service.record(RecordingService.plan)
    #expect(service.drain(within: .seconds(10)))
    let entry = try service.archive.entry(recorder.id, of: organization)
    let error = #expect(throws: RecordingError.self) { try service.archive.hearing(of: entry) }
    #expect(error?.code == .live)
    recorder.finish(now: .seconds(1))
    #expect(service.drain(within: .seconds(10)))
  }
}
