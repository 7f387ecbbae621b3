import Basics
import Locking
import NIOCore
import NIOSSL

/// What all connections to one bot through one guard have in common.
final class GuardedBot: Sendable {
  /// New connections a second, and at once: a bot that takes and drops them costs no more.
  private static let connections = RateBudget(perSecond: 5, burst: 20)

  private struct State {
    var latest = 0
    var failure: String?
    var budget = GuardedBot.connections
  }

  let host: String
  let port: Int
  let tls: NIOSSLContext?
  /// The name that the certificate has to hold.
  let name: String
  let connectTimeout: TimeAmount
  let limits: GuardLimits
  private let state = Locked(State())

  init(host: String, port: Int, tls: NIOSSLContext?, name: String, connectTimeout: TimeAmount, limits: GuardLimits) {
    self.host = host
    self.port = port
    self.tls = tls
    self.name = name
    self.connectTimeout = connectTimeout
    self.limits = limits
  }

  /// `host:port`, with brackets around an IPv6 address.
  var address: String { "\(NetworkAddress.written(host)):\(port)" }

  /// Why the latest connection could not be made or has ended; `nil` while it stands.
  var failure: String? { state.withLock { $0.failure } }

  /// A connection begins; `nil` where there were too many.
  func begin(now: UInt64) -> Int? {
    state.withLock { state in
      state.budget.refill(now: now)
      guard !state.budget.isOverdrawn else { return nil }
      state.budget.spend(1)
      state.latest += 1
      return state.latest
    }
  }

  /// The latest connection counts: an older one that ends after its GOAWAY says nothing of it.
  func stands(_ number: Int) { set(nil, number) }

  /// To be called before the client sees the end.
  func ended(_ number: Int, _ failure: String) { set(failure, number) }

  private func set(_ failure: String?, _ number: Int) {
    state.withLock { state in
      if state.latest == number { state.failure = failure }
    }
  }
}
