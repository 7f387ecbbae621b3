package import NIOCore
import Synchronization

/// Memory for long messages of all sockets together, on their way in and until they are taken.
///
/// A socket holds ``free`` bytes without asking. One that needs more while the budget is used up is not read from until
/// others have let go of theirs.
final class MessageBudget: Sendable {
  /// Bytes that a socket may hold without asking.
  static let free = 262_144

  /// That of the process: 64 MB.
  static let shared = MessageBudget(64 << 20)

  private let limit: Int
  private let used = Atomic<Int>(0)

  init(_ limit: Int) { self.limit = limit }

  /// Asks for so many bytes more, or gives back.
  fileprivate func reserve(_ bytes: Int) -> Bool {
    let before = used.add(bytes, ordering: .relaxed).oldValue
    guard bytes > 0, before + bytes > limit else { return true }
    used.subtract(bytes, ordering: .relaxed)
    return false
  }
}

/// What one socket holds of a ``MessageBudget``. To be let go of with ``release()``.
struct MessageShare {
  private let budget: MessageBudget
  private var held = 0

  init(of budget: MessageBudget = .shared) { self.budget = budget }

  /// Whether the socket may read on with so many bytes in hand.
  mutating func admits(_ bytes: Int) -> Bool {
    let more = max(bytes - MessageBudget.free, 0) - held
    guard more == 0 || budget.reserve(more) else { return false }
    held += more
    return true
  }

  mutating func release() {
    _ = budget.reserve(-held)
    held = 0
  }
}

/// Counts the bytes that come from the network: those of a frame that is not whole yet are in nobody else's sight.
///
/// Not `Sendable`: it lives on the channel's event loop.
package final class ReceivedBytes: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer
  package typealias InboundOut = ByteBuffer

  /// Bytes since it was last set to nothing.
  var count = 0

  /// Nothing was counted yet.
  package init() {}

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    count += unwrapInboundIn(data).readableBytes
    context.fireChannelRead(data)
  }
}
