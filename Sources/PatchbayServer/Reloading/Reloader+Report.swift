import GatewayConfiguration
import Logging

// What operators are told of a reload: names and counts, never values.

extension Reloader {
  /// Names in one line of the log; the rest is counted.
  private static let maximumNames = 20
  /// Mistakes of a file that are logged; the rest is counted.
  private static let maximumMistakes = 20

  /// Nothing of a file has been used.
  func refuse(_ problems: [String], _ what: String) {
    metrics.fileRefused()
    for problem in problems.prefix(Self.maximumMistakes) {
      log.error("\(what) is refused and stays as it was", metadata: ["problem": "\(problem)"])
    }
    if problems.count > Self.maximumMistakes {
      log.error("\(what) has more mistakes", metadata: ["count": "\(problems.count - Self.maximumMistakes)"])
    }
  }

  /// Counts what is in force.
  func report(_ configuration: Configuration, isFirst: Bool) {
    metrics.inForce(
      tenants: configuration.identity.tenants.count, agents: configuration.agents.count, isFirst: isFirst)
    metrics.revoked(parts.identity.tenants.revocations)
    parts.reports.inForce()
  }

  /// Says what a reload has changed.
  func report(_ changes: ConfigurationChanges, reread: [String], _ reason: String) {
    var metadata: Logger.Metadata = ["because": "\(reason)"]
    func say(_ key: String, _ names: [String]) {
      guard !names.isEmpty else { return }
      let rest = names.count > Self.maximumNames ? " and \(names.count - Self.maximumNames) more" : ""
      metadata[key] = "\(names.prefix(Self.maximumNames).joined(separator: ", "))\(rest)"
    }
    for (key, entries) in [("tenants", changes.tenants), ("agents", changes.agents), ("issuers", changes.issuers)] {
      say("\(key)_added", entries.added)
      say("\(key)_removed", entries.removed)
      say("\(key)_changed", entries.changed)
    }
    say("settings_changed", changes.settings)
    say("files_changed_of", reread)
    log.notice(
      changes.isEmpty && reread.isEmpty
        ? "the configuration was read again: nothing has changed" : "the configuration was read again",
      metadata: metadata)
    if !changes.needsRestart.isEmpty {
      log.warning(
        "a change of the configuration needs a restart",
        metadata: ["keys": "\(changes.needsRestart.joined(separator: ", "))"])
    }
  }
}
