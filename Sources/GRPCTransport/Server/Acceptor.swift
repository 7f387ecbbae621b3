import CGRPC
import Metrics
import Synchronization

/// Takes a server's new calls on one loop.
///
/// `@unchecked Sendable`: made by `GRPCServer.start()`; after that its variables are touched on its loop's thread only.
/// The live count is atomic.
final class Acceptor: @unchecked Sendable {
  /// How many calls may arrive between two turns of the loop.
  static let slotCount = 64

  let loop: EventLoop
  let limits: CallLimits
  private let server: OpaquePointer
  private let methods: [String: ServerMethod]
  /// What the C server asks for certificates, for as long as it exists.
  private let certificates: [CertificateSource]
  private var slots: [RequestSlot] = []
  private var armed = 0
  private let live = Atomic(0)
  private let hold: HoldSetting
  private var holds = HoldPlaces()
  private let stopTag: UnsafeMutablePointer<pb_tag>
  private var whenStopped: (() -> Void)?
  /// Keeps the acceptor while the C core holds pointers to its slots or to its tag.
  private var whileArmed: Acceptor?

  init(
    loop: EventLoop, limits: CallLimits, hold: HoldSetting, server: OpaquePointer, methods: [String: ServerMethod],
    certificates: [CertificateSource]
  ) {
    self.certificates = certificates
    self.hold = hold
    self.loop = loop
    self.limits = limits
    self.server = server
    self.methods = methods
    stopTag = .allocate(capacity: 1)
    stopTag.initialize(to: pb_tag(owner: nil, operation: Operation.serverStopped.rawValue))
  }

  deinit { stopTag.deallocate() }

  var liveCalls: Int { live.load(ordering: .relaxed) }

  func begin() {
    loop.preconditionIsCurrent()
    whileArmed = self
    for _ in 0..<Self.slotCount {
      let slot = RequestSlot(acceptor: self)
      if pb_slot_arm(slot.core, server, loop.queue) {
        armed += 1
        slots.append(slot)
      }
    }
    letGoIfDone()
  }

  func arrived(in slot: RequestSlot, _ ok: Bool) {
    armed -= 1
    guard ok else {
      // The server shuts down: the slot is not armed again.
      slots.removeAll { $0 === slot }
      letGoIfDone()
      return
    }
    guard let core = pb_slot_take(slot.core) else { return }
    if pb_slot_arm(slot.core, server, loop.queue) {
      armed += 1
    } else {
      slots.removeAll { $0 === slot }
    }
    live.wrappingAdd(1, ordering: .relaxed)
    let call = ServerCall(core: core, acceptor: self)
    if pb_call_metadata_size(core) > limits.maximumMetadataSize {
      call.finish(RPCStatus(.resourceExhausted, "metadata over the limit of \(limits.maximumMetadataSize) bytes"))
    } else if let method = methods[call.path] {
      call.allow(method.maximumMessageLength)
      return call.begin(method.accept)
    } else {
      call.finish(RPCStatus(.unimplemented, "no such method"))
    }
    call.begin { _ in FinishedCallHandler() }
  }

  /// How long a status may wait for the client's half-close.
  var statusHold: Duration { hold.value }

  /// A call's status is to wait. False where too many do.
  func reserveHold(isRead: Bool) -> Bool { holds.reserve(isRead: isRead) }
  func freeHold(isRead: Bool) { holds.free(isRead: isRead) }

  /// Counts an RPC that is over. What clients ask for that is no method here is one method.
  func count(_ path: String, _ status: RPCStatus.Code) {
    let method = methods[path] == nil ? "other" : String(path.dropFirst())
    Counter(label: "patchbay_rpcs_total", dimensions: [("method", method), ("status", "\(status)")]).increment()
  }

  func callEnded() {
    live.wrappingSubtract(1, ordering: .relaxed)
    letGoIfDone()
  }

  /// Ends the server through this loop's queue; `then` runs on the loop when no call is left.
  func stop(grace: Duration, then: @escaping () -> Void) {
    loop.preconditionIsCurrent()
    stopTag.pointee.owner = Unmanaged.passUnretained(self).toOpaque()
    let server = self.server
    let forced = loop.schedule(after: grace) { pb_server_cancel_all(server) }
    whenStopped = {
      forced.cancel()
      then()
    }
    pb_server_shutdown(server, loop.queue, stopTag)
  }

  /// After `stop` has told that no call is left.
  func destroyServer() { pb_server_destroy(server) }

  /// Ends a server that was never begun.
  func stopAndDestroy() {
    whileArmed = self
    stop(grace: .zero) { self.destroyServer() }
  }

  func stopped() {
    let then = whenStopped
    whenStopped = nil
    then?()
    letGoIfDone()
  }

  private func letGoIfDone() {
    if armed == 0 && liveCalls == 0 && whenStopped == nil { whileArmed = nil }
  }
}

/// A place for one new call.
final class RequestSlot {
  let core: OpaquePointer
  private unowned let acceptor: Acceptor

  init(acceptor: Acceptor) {
    self.acceptor = acceptor
    core = pb_slot_create(Operation.callArrived.rawValue)
    pb_slot_set_owner(core, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { pb_slot_destroy(core) }

  func arrived(_ ok: Bool) { acceptor.arrived(in: self, ok) }
}

/// A server's `statusHold`, which may change while calls are up.
final class HoldSetting: Sendable {
  private let nanoseconds: Atomic<Int64>

  init(_ value: Duration) { nanoseconds = Atomic(EventLoop.nanoseconds(of: value)) }

  var value: Duration {
    get { .nanoseconds(nanoseconds.load(ordering: .relaxed)) }
    set { nanoseconds.store(EventLoop.nanoseconds(of: newValue), ordering: .relaxed) }
  }
}
