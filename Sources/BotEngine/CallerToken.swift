import Locking

/// The token by which the platform's client has shown who it is, as the newest RPC of the call brought it: for an engine
/// that hands it on to another server of the same interface.
///
/// A secret: it has no description, and a dump of what holds it does not show it.
package final class CallerToken: Sendable, CustomStringConvertible, CustomReflectable {
  private let value: Locked<String?>

  /// - Parameter authorization: the `authorization` header, as it came.
  package init(_ authorization: String?) { value = Locked(authorization) }

  /// The header of the newest RPC that had one.
  package var authorization: String? { value.withLock { $0 } }

  /// An RPC of the call brought its own.
  package func renew(_ authorization: String?) {
    if let authorization { value.withLock { $0 = authorization } }
  }

  /// Nothing of it.
  package var description: String { "a token" }

  /// Nothing of it.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// An engine that may hand the caller's token on; any other engine is never given it.
package protocol CallerTokenReader: BotEngine {
  /// Whether it does.
  var readsCallerToken: Bool { get }
}
