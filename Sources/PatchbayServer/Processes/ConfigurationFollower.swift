import Basics
import Foundation
import GatewayConfiguration
import Locking

/// Follows the configuration's file for what the supervisor itself needs of it. The processes read it for themselves, and
/// say what is wrong with it.
final class ConfigurationFollower: Sendable {
  private struct State {
    var configuration: Configuration
    var detector: ChangeDetector<[FileStamp]>
    var changed: (@Sendable (Configuration) -> Void)?
  }

  private let path: String
  private let state: Locked<State>

  /// - Parameter configuration: what is in force.
  init(_ path: String, _ configuration: Configuration) {
    self.path = path
    state = Locked(
      State(
        configuration: configuration,
        detector: ChangeDetector([FileStamp(of: path)], quiet: .milliseconds(200))))
  }

  /// What was read last without a mistake.
  var configuration: Configuration { state.withLock { $0.configuration } }

  /// Is told of each configuration that is read from here on.
  func onChange(_ changed: @escaping @Sendable (Configuration) -> Void) { state.withLock { $0.changed = changed } }

  /// Looks at the file, and reads it where it has changed. May read files.
  func look() {
    let stamps = [FileStamp(of: path)]
    guard state.withLock({ $0.detector.observe(stamps, at: MonotonicClock.now()) }) else { return }
    guard
      let new = try? Configuration.load(file: path, environment: ProcessInfo.processInfo.environment).configuration
    else { return }
    let changed = state.withLock { state in
      state.configuration = new
      return state.changed
    }
    changed?(new)
  }
}
