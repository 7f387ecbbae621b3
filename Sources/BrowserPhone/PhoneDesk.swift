import Basics
public import HTTPServing
import Locking
import ReplayKit
import WebSockets

/// The phones of an admin port: who may open one, and how many call at once.
public final class PhoneDesk: Sendable {
  /// Calls of phones at once.
  public static let maximumCalls = 4
  /// Sockets at once: some wait for their call.
  public static let maximumSockets = 8
  /// How long a call may last.
  public static let longestCall: Duration = .seconds(1_800)

  let lines: PhoneLines
  private let tickets = Locked(PhoneTickets())
  private let calls = Locked(0)

  /// A desk for a server.
  public init(lines: PhoneLines) { self.lines = lines }

  /// What the page shows before a call.
  public var directory: PhoneLines.Directory {
    var directory = lines.directory()
    directory.voice = lines.voice?.name
    directory.recordings = lines.recordings.map { .init(id: $0.id, words: $0.words) }
    directory.longest = Int(Self.longestCall.components.seconds)
    directory.calls = Self.maximumCalls
    return directory
  }

  /// `POST /phone/ticket`, of those who may read the admin port: a ticket for one socket, as text.
  public func giveTicket(_ request: ServerRequest) -> ServerResponse {
    guard !request.isOfAnotherOrigin else { return .text(403, "not for a page of another site") }
    return .text(200, tickets.withLock { $0.issue(at: MonotonicClock.now()) })
  }

  /// `GET /phone/socket?ticket=…`: opens a phone.
  public func open(_ request: ServerRequest, decide: @escaping @Sendable (UpgradeDecision) -> Void) {
    guard !request.isOfAnotherOrigin else { return decide(.refuse(.text(403, "not for a page of another site"))) }
    let ticket = request.query.flatMap { $0.hasPrefix("ticket=") ? String($0.dropFirst(7)) : nil } ?? ""
    guard tickets.withLock({ $0.redeem(ticket, at: MonotonicClock.now()) }) else {
      return decide(.refuse(.text(401, "the phone needs a fresh ticket: POST /phone/ticket gives one")))
    }
    decide(.accept(PhoneSession(self), limits: Self.limits))
  }

  /// A page sends 50 frames of 160 bytes a second, and a minute's clip in one go.
  private static let limits: WebSocketLimits = {
    var limits = WebSocketLimits()
    limits.maximumFrame = 65_536
    limits.maximumMessage = 65_536
    limits.maximumReceived = 131_072
    limits.maximumUnsent = 262_144
    limits.framesPerSecond = 400
    limits.bytesPerSecond = 1 << 20
    return limits
  }()

  /// A place for a call; false where all are taken.
  func takePlace() -> Bool {
    calls.withLock { calls in
      guard calls < Self.maximumCalls else { return false }
      calls += 1
      return true
    }
  }

  func givePlaceBack() { calls.withLock { $0 -= 1 } }
}
