import GRPCTransport
import Locking

/// One value for each loop, made when a loop first asks for it: decoders and buffers of which nothing is allocated for a
/// message.
final class PerLoop<Value>: Sendable {
  private let values = Locked<[ObjectIdentifier: LoopBound<Value>]>([:])
  private let make: @Sendable () -> Value

  init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  /// The loop's own; asked once an RPC, on the loop.
  func on(_ loop: any LoopExecutor) -> Value {
    let id = ObjectIdentifier(loop)
    if let known = values.withLock({ $0[id] }) { return known.value }
    let made = LoopBound(make(), loop: loop)
    values.withLock { $0[id] = made }
    return made.value
  }
}
