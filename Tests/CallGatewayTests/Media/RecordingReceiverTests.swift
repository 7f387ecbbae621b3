import BotEngine
import Foundation
import Logging
import Metrics
import MetricsTestKit
import Recordings
import Testing

@testable import CallGateway

@Suite("RecordingReceiver keeps a fork as one recording, and a meeting as one for each participant")
struct RecordingReceiverTests {
  private static let organization = TestGateway.organization
  private let folder: TemporaryFolder
  private let service: RecordingService

  init() throws {
    folder = try TemporaryFolder()
    service = try RecordingService(
      settings: .init(directory: folder.path), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  nonisolated(nonsending) private func record(
    _ kind: MediaSessionInfo.Kind, _ events: [MediaEvent], organizations: [String: Bool] = [:]
  ) async throws -> [RecordingArchive.Entry] {
    let recordings = CallRecordings(service: service, policy: .init(organizations: organizations))
    let delivered = MediaEvents()
    for event in events { delivered.deliver(event) }
    delivered.deliver(.ended(.completed))
    let info = MediaSessionInfo(kind: kind, organization: Self.organization, conversation: "x-1")
    try await RecordingReceiver(recordings).receive(MediaSession(info: info, events: delivered))
    #expect(service.drain(within: .seconds(30)))
    return RecordingArchive(directory: folder.path, keys: nil).entries()
  }

  private func source(_ id: String, _ role: MediaSource.Role) -> MediaEvent { .sourceAdded(.init(id: id, role: role)) }

  private func second(of source: String, at position: Int = 0, rate: Int = 8000) -> MediaEvent {
    .audio(
      MediaAudio(
        source: source, samples: [Int16](repeating: 1000, count: 8000), sampleRate: rate, position: position))
  }

  /// The samples of a recording's file, channels beside each other.
  private func samples(of entry: RecordingArchive.Entry) throws -> [Int16] {
    let path = "\(folder.path)/\(Self.organization)/"
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: path).first { $0.contains(entry.id) && $0.hasSuffix(".wav") })
    return try Data(contentsOf: URL(fileURLWithPath: path + name)).dropFirst(44).withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count - 1, by: 2).map {
        Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int16.self))
      }
    }
  }

  @Test("a fork is one recording with the caller and the agent beside each other")
  func fork() async throws {
    let entries = try await record(
      .fork,
      [
        source("caller", .caller), source("agent", .agent), second(of: "caller"), second(of: "agent", at: 8000),
      ])
    #expect(entries.count == 1)
    let entry = try #require(entries.first)
    #expect(entry.state == .complete && entry.milliseconds == 2000)
    #expect(entry.details?.channels == ["caller", "agent"] && entry.details?.kind == "fork")
    // The caller speaks for a second on the left, then the agent on the right.
    let heard = try samples(of: entry)
    #expect(heard.count == 32_000)
    #expect(heard.indices.allSatisfy { (heard[$0] != 0) == (($0 < 16_000) == $0.isMultiple(of: 2)) })
  }

  @Test("a meeting is one recording for each who is heard, under the participant's id")
  func meeting() async throws {
    let entries = try await record(
      .meeting,
      [
        source("ada", .participant), source("bob", .participant), source("mute", .participant), second(of: "ada"),
        second(of: "bob"), second(of: "ada", at: 8000),
      ])
    #expect(Set(entries.compactMap(\.details?.agent)) == ["ada", "bob"])
    #expect(entries.compactMap(\.milliseconds).sorted() == [1000, 2000])
  }

  @Test("of a tenant that is not to be recorded, and of audio of another rate, nothing is kept")
  func nothing() async throws {
    let events = [source("caller", .caller), second(of: "caller")]
    #expect(try await record(.fork, events, organizations: [Self.organization: false]).isEmpty)
    #expect(try await record(.fork, [source("caller", .caller), second(of: "caller", rate: 16_000)]).isEmpty)
    #expect(try await record(.fork, events).count == 1)
  }

  @Test("no more than 64 participants are recorded; that some are not is counted once a meeting")
  func bound() async throws {
    let metrics = TestMetrics()
    let entries = try await withMetricsFactory(metrics) {
      try await record(.meeting, (0..<66).map { second(of: "p-\($0)") })
    }
    #expect(entries.count == 64)
    #expect(metrics.total("patchbay_recording_participants_left_out_total") == 1)
  }

  @Test("what is sensitive leaves no sample, not on a track that begins later either")
  func sensitive() async throws {
    let entries = try await record(
      .meeting, [second(of: "ada"), .sensitive(true), second(of: "ada", at: 8000), second(of: "bob")])
    func samples(of participant: String) throws -> [Int16] {
      try self.samples(of: #require(entries.first { $0.details?.agent == participant }))
    }
    let ada = try samples(of: "ada")
    #expect(ada.prefix(8000).contains { $0 != 0 } && ada.dropFirst(8000).allSatisfy { $0 == 0 })
    #expect(try samples(of: "bob").allSatisfy { $0 == 0 })
  }
}
