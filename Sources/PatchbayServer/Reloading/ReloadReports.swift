import AdminServer
import Basics
import Locking

/// How the files of the configuration are doing, for the dashboard.
final class ReloadReports: Sendable {
  private struct State {
    var hasFile = false
    var loaded = MonotonicClock.now()
    var refused: (at: Duration, mistakes: [String])?
    var revocationMistakes: [String] = []
  }

  /// Mistakes that are shown; the log has more of them.
  private static let maximumMistakes = 5

  private let state = Locked(State())

  /// There is a file that can be read again.
  func hasFile() { state.withLock { $0.hasFile = true } }

  /// A configuration is in force, and with it the file of revocations.
  func inForce() {
    state.withLock { state in
      state.loaded = MonotonicClock.now()
      state.refused = nil
      state.revocationMistakes = []
    }
  }

  /// The file that is there is not what is in force.
  func refused(_ mistakes: [String]) {
    state.withLock { $0.refused = (MonotonicClock.now(), Array(mistakes.prefix(Self.maximumMistakes))) }
  }

  /// What is wrong with the file of revocations; nothing where it was read.
  func revocations(_ mistakes: [String]) {
    state.withLock { $0.revocationMistakes = Array(mistakes.prefix(Self.maximumMistakes)) }
  }

  /// For the dashboard.
  var shown: StatusSnapshot.ConfigurationFile {
    let state = state.withLock { $0 }
    let now = MonotonicClock.now()
    var shown = StatusSnapshot.ConfigurationFile()
    shown.canReload = state.hasFile
    shown.loadedSecondsAgo = (now - state.loaded) / .seconds(1)
    shown.refusedSecondsAgo = state.refused.map { (now - $0.at) / .seconds(1) }
    shown.mistakes = state.refused?.mistakes ?? []
    shown.revocationMistakes = state.revocationMistakes
    return shown
  }
}
