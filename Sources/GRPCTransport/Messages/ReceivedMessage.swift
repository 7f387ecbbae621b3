import CGRPC

/// A message as it arrived. It lasts as long as the call to `received(_:)` that its bytes are handed to.
///
/// The bytes are those the transport read from the socket; only a message that arrived in pieces is joined, once.
struct ReceivedMessage: ~Copyable {
  private let core: OpaquePointer

  init(_ core: OpaquePointer) { self.core = core }

  deinit { pb_message_destroy(core) }

  /// The length in bytes.
  var count: Int { pb_message_length(core) }

  /// Whether the sender compressed it. The transport refuses such messages, so a handler does not see one.
  var isCompressed: Bool { pb_message_is_compressed(core) }

  /// The bytes in place, which last as long as the message.
  var unsafeBytes: UnsafeRawBufferPointer {
    var count = 0
    let start = pb_message_bytes(core, &count)
    return UnsafeRawBufferPointer(start: start, count: count)
  }
}
