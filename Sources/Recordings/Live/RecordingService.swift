import Locking
public import Logging
import Metrics

/// Begins recordings, tells operators what becomes of them, and keeps to the limits of time.
public final class RecordingService: Sendable {
  /// What is recorded and how.
  public let settings: RecordingSettings
  private let writers: RecordingWriters
  private let log: Logger
  private let audit: AuditTrail
  /// What found no room in the queue, and what the disk did not take.
  private let overflowed = FloatingPointCounter(
    label: "patchbay_audio_dropped_seconds_total", dimensions: [("stage", "recording_queue")])
  private let unwritten = FloatingPointCounter(
    label: "patchbay_audio_dropped_seconds_total", dimensions: [("stage", "recording_disk")])
  private let began = Counter(label: "patchbay_recordings_total", dimensions: [("state", "began")])
  private let completed = Counter(label: "patchbay_recordings_total", dimensions: [("state", "complete")])
  private let failed = Counter(label: "patchbay_recordings_total", dimensions: [("state", "incomplete")])
  private let expired = Counter(label: "patchbay_recordings_deleted_total")

  /// A service; the folder has to be there and to be writable. `writers` is the number of threads that write.
  public init(settings: RecordingSettings, writers: Int = 2, log: Logger) throws(RecordingError) {
    self.settings = settings
    self.writers = RecordingWriters(count: writers)
    self.log = log
    audit = try AuditTrail(directory: settings.directory)
  }

  /// Begins to record a call now. Nothing waits: where it cannot be recorded, an alert says so and the call goes on.
  public func record(_ plan: RecordingPlan) -> CallRecorder {
    let details = details(plan)
    let line = RecordingLine(details, settings: settings, writers: writers, watcher: self)
    return CallRecorder(
      line: line, sampleRate: plan.sampleRate, keepsText: settings.keepsText, keepsDigits: settings.keepsDigits
    ) { [overflowed] in
      overflowed.increment(by: Double($0) / 1_000)
    }
  }

  /// Begins to record audio that says itself where it lies; one or two channels.
  public func recordTracks(_ plan: RecordingPlan) -> TrackRecorder {
    let line = RecordingLine(details(plan), settings: settings, writers: writers, watcher: self)
    return TrackRecorder(line: line, plan: plan) { [overflowed] in overflowed.increment(by: Double($0) / 1_000) }
  }

  private func details(_ plan: RecordingPlan) -> RecordingDetails {
    RecordingDetails(
      id: RecordingNames.newID(), organization: plan.organization, conversation: plan.conversation, agent: plan.agent,
      kind: plan.kind, channels: plan.channels, began: AuditTrail.now(), sampleRate: plan.sampleRate,
      format: settings.format.rawValue)
  }

  /// Mends what an earlier process left unfinished. Returns how many.
  @discardableResult
  public func repair() -> Int {
    let archive = archive
    var count = 0
    for entry in archive.entries() where entry.state == .interrupted {
      do throws(RecordingError) {
        try archive.repair(entry)
        audit.write("repaired", recording: entry.id, organization: entry.organization)
        count += 1
      } catch {
        log.error("a recording could not be repaired", metadata: ["recording": "\(entry.id)", "why": "\(error)"])
      }
    }
    if count > 0 { log.warning("recordings that were cut short are repaired", metadata: ["count": "\(count)"]) }
    return count
  }

  /// Deletes what is older than its organization lets it be. `keep` gives the limit in seconds, `nil` for none.
  public func expire(now: Int64 = AuditTrail.now(), keep: (_ organization: String) -> Int64?) {
    let archive = archive
    for entry in archive.entries() where entry.state != .live {
      guard let limit = keep(entry.organization), let age = archive.age(of: entry, now: now), age > limit else {
        continue
      }
      do throws(RecordingError) {
        try archive.delete(entry)
        expired.increment()
        audit.write("expired", recording: entry.id, organization: entry.organization)
      } catch {
        log.error("a recording could not be deleted", metadata: ["recording": "\(entry.id)", "why": "\(error)"])
      }
    }
  }

  /// What is in the folder.
  public var archive: RecordingArchive { RecordingArchive(directory: settings.directory, keys: settings.keys) }

  /// Somebody hears a recording: the audit says so.
  public func heard(_ entry: RecordingArchive.Entry, by who: String) {
    audit.write("heard", recording: entry.id, organization: entry.organization, by: who)
  }

  /// Waits until all that was handed over is on the disk. False where it took longer than given.
  public func drain(within time: Duration) -> Bool { writers.drain(within: time) }
}

extension RecordingService: RecordingWatcher {
  func began(_ details: RecordingDetails) {
    began.increment()
    audit.write("began", recording: details.id, organization: details.organization)
  }

  func completed(_ details: RecordingDetails) {
    completed.increment()
    audit.write("completed", recording: details.id, organization: details.organization)
  }

  func lost(_ details: RecordingDetails, milliseconds: Int) { unwritten.increment(by: Double(milliseconds) / 1_000) }

  func failed(_ details: RecordingDetails, _ error: RecordingError) {
    failed.increment()
    log.error(
      "a call is not recorded as it should be; the call goes on",
      metadata: ["recording": "\(details.id)", "org": "\(details.organization)", "why": "\(error)"])
    audit.write("failed", recording: details.id, organization: details.organization)
  }
}
