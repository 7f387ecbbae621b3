import Foundation
import Testing

@testable import Recordings

@Suite("A recorded call")
struct RecordingTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Speaks in 20 ms frames of real time on a manual clock.
  private func speak(_ samples: [Int16], _ recorder: CallRecorder, from start: Int) {
    for (index, offset) in stride(from: 0, to: samples.count, by: 160).enumerated() {
      let frame = Array(samples[offset..<min(offset + 160, samples.count)])
      frame.withUnsafeBufferPointer {
        recorder.caller($0, sampleRate: 8_000, now: .milliseconds(start + 20 * (index + 1)))
      }
    }
  }

  private func archive(_ keys: (any RecordingKeys)? = nil) -> RecordingArchive {
    RecordingArchive(directory: folder.path, keys: keys)
  }

  private func exported(_ archive: RecordingArchive) throws -> (audio: [UInt8], timeline: String) {
    let entry = try #require(archive.entries().first)
    let out = folder.path + "/out"
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let files = try archive.export(entry, to: out)
    return (
      Array(try Data(contentsOf: URL(fileURLWithPath: files.audio))),
      try String(contentsOf: URL(fileURLWithPath: files.timeline), encoding: .utf8)
    )
  }

  @Test("The caller is left, the agent right, on one clock", arguments: [false, true])
  func stereo(isSealed: Bool) throws {
    let keys = isSealed ? try FixedKeys() : nil
    let service = try RecordingService.make(folder, keys: keys)
    let recorder = service.record(RecordingService.plan)
    let question = tone(440, milliseconds: 3_000)
    recorder.event("started", now: .zero)
    recorder.agent(mulaw: [UInt8](repeating: 0x10, count: 8_000), now: .milliseconds(500))
    speak(question, recorder, from: 2_000)
    recorder.finish(now: .milliseconds(6_000))
    #expect(service.drain(within: .seconds(10)))

    let archive = archive(keys)
    let entry = try #require(archive.entries().first)
    #expect(entry.state == .complete)
    #expect(entry.milliseconds == 6_000)
    #expect(entry.isSealed == isSealed)
    #expect(archive.verify(entry).isGood)
    let (wav, timeline) = try exported(archive)
    let left = channel(0, of: wav)
    let right = channel(1, of: wav)
    #expect(left.count == 48_000)
    #expect(Array(left[16_000..<40_000]) == question)
    #expect(left[..<16_000].allSatisfy { $0 == 0 } && left[40_000...].allSatisfy { $0 == 0 })
    #expect(right[4_000..<12_000].allSatisfy { $0 != 0 })
    #expect(right[..<4_000].allSatisfy { $0 == 0 } && right[12_000...].allSatisfy { $0 == 0 })
    #expect(timeline.contains("\"conversation\" : \"conversation-1\"") && timeline.contains("\"complete\" : true"))
  }

  @Test("Files are their owner's only, and their names say nothing")
  func names() throws {
    let service = try RecordingService.make(folder)
    service.record(RecordingService.plan).finish(now: .seconds(1))
    #expect(service.drain(within: .seconds(10)))
    let names = try Folder.names(in: "\(folder.path)/\(organization)")
    #expect(names.count == 2)
    for name in names {
      #expect(try folder.mode("\(organization)/\(name)") == 0o600)
      #expect(!name.contains("conversation") && !name.contains("front"))
    }
    #expect(try folder.mode("audit.jsonl") == 0o600)
  }

  @Test("An interruption cuts the agent off where the caller began")
  func interrupted() throws {
    let service = try RecordingService.make(folder)
    let recorder = service.record(RecordingService.plan)
    recorder.agent(mulaw: [UInt8](repeating: 0x10, count: 80_000), now: .zero)
    recorder.interrupted(now: .milliseconds(2_500))
    recorder.agent(mulaw: [UInt8](repeating: 0x20, count: 800), now: .milliseconds(3_000))
    recorder.finish(now: .milliseconds(4_000))
    #expect(service.drain(within: .seconds(10)))
    let right = channel(1, of: try exported(archive()).audio)
    #expect(right[..<20_000].allSatisfy { $0 != 0 })
    #expect(right[20_000..<24_000].allSatisfy { $0 == 0 })
    #expect(right[24_000..<24_800].allSatisfy { $0 != 0 } && right[24_800...].allSatisfy { $0 == 0 })
  }

  @Test("Nothing of a sensitive stretch is kept (S2)", arguments: [RecordingFormat.wav, .opus])
  func sensitive(format: RecordingFormat) throws {
    let service = try RecordingService.make(folder, format: format)
    let recorder = service.record(RecordingService.plan)
    speak(tone(500, milliseconds: 2_000), recorder, from: 0)
    recorder.set(isSensitive: true, now: .milliseconds(2_000))
    speak(tone(941, milliseconds: 2_000), recorder, from: 2_000)
    recorder.event("digits", now: .milliseconds(3_900), numbers: ["count": 16], text: "4111111111111111")
    recorder.set(isSensitive: false, now: .milliseconds(4_000))
    speak(tone(500, milliseconds: 2_000), recorder, from: 4_000)
    recorder.finish(now: .milliseconds(6_000))
    #expect(service.drain(within: .seconds(10)))
    let (audio, timeline) = try exported(archive())
    #expect(!timeline.contains("4111111111111111"))
    #expect(timeline.contains("sensitive_began") && timeline.contains("sensitive_ended"))
    if format == .wav {
      let left = channel(0, of: audio)
      #expect(left.count == 48_000)
      #expect(left[16_000..<32_000].allSatisfy { $0 == 0 })
      #expect(Array(left[..<16_000]) == tone(500, milliseconds: 2_000))
      #expect(Array(left[32_000...]) == tone(500, milliseconds: 2_000))
    } else {
      #expect(audio.starts(with: "OggS".utf8))
    }
  }

  @Test(
    "A recording whose process ended is told to be cut short, is repaired, and says how much there is",
    arguments: [RecordingFormat.wav, .opus], [false, true])
  func cutShort(format: RecordingFormat, isSealed: Bool) throws {
    let keys = isSealed ? try FixedKeys() : nil
    var open: OpenRecording? = try OpenRecording(
      details(format), settings: RecordingSettings(directory: folder.path, format: format, keys: keys))
    #expect(open?.append(tone(440, milliseconds: 2_000)) == 0)
    open?.append(TimelineEvent("started", at: 0))
    #expect(archive(keys).entries().first?.state == .live)
    open = nil
    let archive = archive(keys)
    let entry = try #require(archive.entries().first)
    #expect(entry.state == .interrupted)
    #expect(!archive.verify(entry).isGood)
    // A piece that was being written.
    let handle = try #require(FileHandle(forWritingAtPath: entry.names.audio))
    try handle.seekToEnd()
    try handle.write(contentsOf: isSealed || format == .wav ? [0, 0, 1] : Array("OggS".utf8) + [0, 0, 1])
    try handle.close()
    try archive.repair(entry)
    let mended = try #require(archive.entries().first)
    #expect(mended.state == .incomplete)
    let milliseconds = try #require(mended.milliseconds)
    #expect(abs(milliseconds - 1_000) <= (format == .opus ? 40 : 0), "1 s of two channels")
    let verdict = archive.verify(mended)
    #expect(
      verdict.isGood && verdict.finding.contains(format == .opus ? "it plays 0.9 s" : "it plays 1.0 s"), "\(verdict)")
    let (audio, timeline) = try exported(archive)
    if format == .wav { #expect(audio.count == 44 + 32_000) } else { #expect(isEnded(audio)) }
    #expect(timeline.contains("\"complete\" : false") && timeline.contains("started"))
  }

  @Test("A recording whose process ended before any audio is called empty", arguments: [RecordingFormat.wav, .opus])
  func empty(format: RecordingFormat) throws {
    _ = try OpenRecording(details(format), settings: RecordingSettings(directory: folder.path, format: format))
    let archive = archive()
    try archive.repair(try #require(archive.entries().first))
    let entry = try #require(archive.entries().first)
    #expect(entry.milliseconds == 0)
    #expect(archive.verify(entry).finding.contains("it is empty"))
    #expect { try archive.export(entry, to: folder.path) } throws: { ($0 as? RecordingError)?.code == .empty }
    #expect(try Folder.names(in: folder.path).allSatisfy { !$0.hasSuffix(".json") && !$0.hasSuffix(format.suffix) })
  }

  @Test(
    "What was played is on the disk within a second, though nobody speaks", arguments: [RecordingFormat.wav, .opus],
    [false, true])
  func writtenInTime(format: RecordingFormat, isSealed: Bool) throws {
    let keys = isSealed ? try FixedKeys() : nil
    let service = try RecordingService.make(folder, format: format, keys: keys)
    let recorder = service.record(RecordingService.plan)
    recorder.agent(mulaw: [UInt8](repeating: 0x10, count: 80_000), now: .zero)
    var now = Duration.zero
    while now < .seconds(6) {
      now += CallRecorder.beat
      recorder.elapsed(now: now)
    }
    #expect(service.drain(within: .seconds(10)))
    let entry = try #require(archive(keys).entries().first)
    let length = try archive(keys).length(of: entry, details(format))
    #expect(length.milliseconds > Int(now / .milliseconds(1)) - 1_000)
    recorder.finish(now: now)
  }

  @Test("Of a fork whose legs keep step, half a second at most is not on the disk")
  func forkWrittenInTime() throws {
    let service = try RecordingService.make(folder)
    let recorder = service.recordTracks(
      RecordingPlan(organization: organization, conversation: "c", agent: "", kind: "fork"))
    let speech = tone(440, milliseconds: 4_000)
    for offset in stride(from: 0, to: speech.count, by: 160) {
      for channel in 0...1 { recorder.add(Array(speech[offset..<offset + 160]), channel: channel, at: offset) }
    }
    #expect(service.drain(within: .seconds(10)))
    let entry = try #require(archive().entries().first)
    #expect(try archive().length(of: entry, details(.wav)).milliseconds >= 3_500)
    recorder.finish()
  }

  private func details(_ format: RecordingFormat) -> RecordingDetails {
    RecordingDetails(
      id: RecordingNames.newID(), organization: organization, conversation: "c", agent: "a", kind: "call",
      channels: ["caller", "agent"], began: 1_000, sampleRate: 8_000, format: format.rawValue)
  }

  /// Whether the last page of an Ogg file says that it is the last (RFC 3533, header type bit 4).
  private func isEnded(_ ogg: [UInt8]) -> Bool {
    guard let last = ogg.indices.last(where: { ogg[$0...].starts(with: "OggS".utf8) }), last + 27 <= ogg.count else {
      return false
    }
    return ogg[last + 5] & 4 != 0 && last + 27 + Int(ogg[last + 26]) <= ogg.count
  }

  @Test(
    "A timeline that somebody changed is unreadable, and nothing worse",
    arguments: [
      ("\"sampleRate\":8000", "\"sampleRate\":9223372036854775807"), ("\"began\":", "\"began\":-9223372036854775"),
      ("[\"caller\",\"agent\"]", "[]"),
    ])
  func changed(what: String, by: String) throws {
    let service = try RecordingService.make(folder)
    service.record(RecordingService.plan).finish(now: .seconds(1))
    #expect(service.drain(within: .seconds(10)))
    let whole = try #require(archive().entries().first)
    let text = try String(contentsOfFile: whole.names.timeline, encoding: .utf8)
    try #require(text.contains(what))
    try text.replacingOccurrences(of: what, with: by).write(
      toFile: whole.names.timeline, atomically: false, encoding: .utf8)
    let entry = try #require(archive().entries().first)
    #expect(entry.state == .unreadable)
    #expect(!archive().verify(entry).isGood)
    service.expire { _ in 60 }
  }

  @Test("A disk that takes nothing more leaves a marked recording, and nobody waits (R7)")
  func failed() throws {
    let service = try RecordingService.make(folder, keys: FixedKeys())
    var plan = RecordingService.plan
    plan.organization = "33333333-cccc-4333-8333-333333333333"
    // No key for this organization: nothing is written in the clear instead.
    let recorder = service.record(plan)
    speak(tone(440, milliseconds: 2_000), recorder, from: 0)
    recorder.finish(now: .seconds(2))
    #expect(service.drain(within: .seconds(10)))
    #expect(try Folder.names(in: "\(folder.path)/\(plan.organization)").isEmpty)
    let audit = String(decoding: try folder.bytes("audit.jsonl"), as: UTF8.self)
    #expect(audit.contains("\"failed\""))
  }

  @Test("What waits has a bound; what finds no room is silence, and is counted")
  func bounded() throws {
    let writers = RecordingWriters(count: 1, limit: 40_000)
    let queue = writers.queue()
    let gate = DispatchSemaphore(value: 0)
    queue.async { gate.wait() }
    let service = try RecordingService.make(folder)
    let lost: Int
    let box = Box()
    let line = RecordingLine(details(.wav), settings: .init(directory: folder.path), writers: writers, watcher: service)
    let recorder = CallRecorder(line: line, sampleRate: 8_000, keepsText: false) { box.add($0) }
    speak(tone(440, milliseconds: 6_000), recorder, from: 0)
    recorder.finish(now: .seconds(6))
    gate.signal()
    #expect(writers.drain(within: .seconds(10)))
    lost = box.value
    let entry = try #require(archive().entries().first)
    #expect(lost > 3_000)
    #expect(entry.state == .incomplete)
    #expect(entry.milliseconds == 6_000)
  }

  @Test("Recordings older than their organization keeps them are deleted, and the audit stays (S5)")
  func expiry() throws {
    let service = try RecordingService.make(folder)
    service.record(RecordingService.plan).finish(now: .seconds(1))
    #expect(service.drain(within: .seconds(10)))
    let now = AuditTrail.now()
    service.expire(now: now + 86_000) { _ in 86_400 }
    #expect(archive().entries().count == 1)
    service.expire(now: now + 86_402) { _ in nil }
    #expect(archive().entries().count == 1)
    service.expire(now: now + 86_402) { _ in 86_400 }
    #expect(archive().entries().isEmpty)
    #expect(String(decoding: try folder.bytes("audit.jsonl"), as: UTF8.self).contains("\"expired\""))
  }

  @Test("Legs lie where they say, however unevenly they come")
  func tracks() throws {
    let service = try RecordingService.make(folder)
    let recorder = service.recordTracks(
      RecordingPlan(organization: organization, conversation: "c", agent: "", kind: "fork"))
    let caller = tone(440, milliseconds: 8_000)
    let agent = tone(900, milliseconds: 4_000)
    for offset in stride(from: 0, to: caller.count, by: 160) {
      recorder.add(Array(caller[offset..<offset + 160]), channel: 0, at: 800 + offset)
      // The other leg comes in lumps of a second.
      if offset % 8_000 == 0, offset < agent.count {
        recorder.add(Array(agent[offset..<offset + 8_000]), channel: 1, at: 4_000 + offset)
      }
    }
    recorder.finish()
    #expect(service.drain(within: .seconds(10)))
    let wav = try exported(archive()).audio
    #expect(Array(channel(0, of: wav)[800...]) == caller)
    #expect(Array(channel(1, of: wav)[4_000..<36_000]) == agent)
  }

  @Test("One participant is one channel")
  func mono() throws {
    let service = try RecordingService.make(folder)
    var plan = RecordingService.plan
    plan.channels = ["participant"]
    plan.sampleRate = 16_000
    let recorder = service.recordTracks(plan)
    let speech = tone(440, milliseconds: 4_000)
    recorder.add(speech, channel: 0, at: 16_000)
    recorder.set(isSensitive: true)
    recorder.add(speech, channel: 0, at: 48_000)
    recorder.finish()
    #expect(service.drain(within: .seconds(10)))
    let wav = try exported(archive()).audio
    let samples = stride(from: 44, to: wav.count - 1, by: 2).map {
      Int16(truncatingIfNeeded: Int(wav[$0]) | Int(wav[$0 + 1]) << 8)
    }
    #expect(samples.count == 80_000)
    #expect(Array(samples[16_000..<48_000]) == speech)
    #expect(samples[48_000...].allSatisfy { $0 == 0 })
  }

  @Test("Twenty seconds of Opus play as long as they took")
  func opus() throws {
    let service = try RecordingService.make(folder, format: .opus)
    let recorder = service.record(RecordingService.plan)
    speak(tone(440, milliseconds: 20_000), recorder, from: 0)
    recorder.finish(now: .seconds(20))
    #expect(service.drain(within: .seconds(20)))
    let audio = try exported(archive()).audio
    // The last page's granule position counts samples at 48,000 Hz, the pre-skip included (RFC 7845).
    let last = try #require(audio.indices.last { audio[$0...].starts(with: "OggS".utf8) })
    let granule = (0..<8).reduce(0) { $0 | Int(audio[last + 6 + $1]) << (8 * $1) }
    #expect(abs(granule - 20 * 48_000) < 2_000)
  }
}

/// A number that several threads add to.
final class Box: @unchecked Sendable {
  // Unchecked: `lock` is held wherever `number` is touched.
  private let lock = NSLock()
  private var number = 0
  func add(_ more: Int) { lock.withLock { number += more } }
  var value: Int { lock.withLock { number } }
}
