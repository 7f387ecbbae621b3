import AdminServer
import HTTPServing
import Locking
import Logging

/// What an operator can ask for at the admin port instead of by a signal. Each is done after the answer.
enum OperatorCalls {
  /// `POST /drain`: what SIGTERM does. A second one does not hurry it.
  static func drain(_ state: ServerState, asked: Awaited<Bool>, log: Logger) -> AdminAction {
    { _ in
      guard !state.isDraining else { return .text(409, "the server is draining") }
      log.notice("asked to drain at the admin port")
      asked.change { $0 = true }
      return .text(202, "draining: no new calls are taken")
    }
  }

  /// `POST /reload`: what SIGHUP does.
  static func reload(_ state: ServerState, _ reloader: Reloader) -> AdminAction {
    { _ in
      guard !state.isDraining else { return .text(409, "the server is draining") }
      reloader.reload("asked at the admin port")
      return .text(202, "the configuration is read again; the log and the dashboard tell what came of it")
    }
  }
}
