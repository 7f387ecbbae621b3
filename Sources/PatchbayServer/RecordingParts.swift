import CallGateway
import Dispatch
import GatewayConfiguration
import Locking
import Logging
import Recordings

/// Recordings as the configuration wants them. File work is done on a queue of its own: it may block.
final class RecordingParts: Sendable {
  let calls: CallRecordings
  private let retention: Locked<Configuration>
  private let queue = DispatchQueue(label: "recordings", qos: .utility)
  private let log: Logger

  /// `nil` where nothing is recorded. Throws where the folder cannot be written.
  init?(_ configuration: Configuration, log: Logger) throws {
    guard configuration.recordsCalls, let directory = configuration.recording.directory else { return nil }
    let service = try RecordingService(
      settings: RecordingSettings(
        directory: directory, format: configuration.recording.format,
        keys: configuration.recording.keys.map(KeyFolder.init), keepsText: configuration.recording.keepsText,
        keepsDigits: configuration.recording.keepsDigits),
      log: log)
    calls = CallRecordings(
      service: service, policy: configuration.recordingPolicy, sampleRate: configuration.recording.sampleRate)
    retention = Locked(configuration)
    self.log = log
    if configuration.recording.keys == nil {
      log.warning("recordings are not encrypted; `recording.keys` names a folder of keys")
    }
  }

  /// Another configuration: who is recorded, and for how long it is kept. The folder, the format and the keys stay.
  func update(_ configuration: Configuration) {
    calls.policy = configuration.recordingPolicy
    retention.withLock { $0 = configuration }
  }

  /// Mends what was cut short, then deletes what has been kept long enough, every ten minutes until the task is cancelled.
  func keepInOrder() async {
    let service = calls.service
    await onQueue { service.repair() }
    while !Task.isCancelled {
      let configuration = retention.withLock { $0 }
      await onQueue {
        service.expire { configuration.keepsRecordings(of: $0).map { $0.components.seconds } }
      }
      try? await Task.sleep(for: .seconds(600))
    }
  }

  /// Waits until what was recorded is on the disk, for five seconds at most.
  func finish() async {
    let service = calls.service
    let log = log
    await onQueue {
      if !service.drain(within: .seconds(5)) { log.error("recordings were not all written before the end") }
    }
  }

  private func onQueue(_ work: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
      queue.async {
        work()
        continuation.resume()
      }
    }
  }
}

extension Configuration {
  /// Who may be recorded.
  var recordingPolicy: CallRecordings.Policy {
    CallRecordings.Policy(
      standard: recording.isEnabled,
      organizations: Dictionary(
        identity.tenants.compactMap { tenant in tenant.recording.isEnabled.map { (tenant.organization, $0) } },
        uniquingKeysWith: { first, second in first && second }))
  }
}
