import CProtobufC
import Glibc

/// The memory that protobuf-c decodes one message into: taken from the front of one block, given back all at once.
///
/// Beyond the cap of bytes or of allocations there is no more, and protobuf-c gives up on the message. The block is
/// kept, so that decoding allocates nothing.
package final class CappedArena {
  /// What protobuf-c's call-backs work on.
  struct State {
    var base: UnsafeMutableRawPointer
    var capacity: Int
    var used = 0
    var allocations = 0
    var maximumAllocations: Int
  }

  private let state: UnsafeMutablePointer<State>
  private let allocator: UnsafeMutablePointer<ProtobufCAllocator>

  /// An arena with its caps.
  package init(bytes: Int = 1 << 20, allocations: Int = 4096) {
    // The system gives the block's pages only when they are first written.
    let base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    state = .allocate(capacity: 1)
    state.initialize(to: State(base: base, capacity: bytes, maximumAllocations: allocations))
    allocator = .allocate(capacity: 1)
    allocator.initialize(
      to: ProtobufCAllocator(
        alloc: { data, size in
          guard let state = data?.assumingMemoryBound(to: State.self) else { return nil }
          guard state.pointee.allocations < state.pointee.maximumAllocations else { return nil }
          guard size <= state.pointee.capacity - state.pointee.used else { return nil }
          let memory = state.pointee.base + state.pointee.used
          state.pointee.allocations += 1
          state.pointee.used = min((state.pointee.used + size + 15) & ~15, state.pointee.capacity)
          return memory
        },
        free: { _, _ in },
        allocator_data: state))
  }

  /// An arena for one response of so many bytes: protobuf-c takes up to 80 bytes for one, as two make an empty prompt, but
  /// no more than a response's fields can take; what they hold is copied once.
  package convenience init(responseBytes: Int) {
    self.init(bytes: 65_536 + 2 * responseBytes + min(80 * responseBytes, 4 << 20), allocations: 65_536)
  }

  deinit {
    state.pointee.base.deallocate()
    state.deallocate()
    allocator.deallocate()
  }

  /// Bytes and allocations that the message took.
  var usage: (bytes: Int, allocations: Int) { (state.pointee.used, state.pointee.allocations) }

  /// Decodes a message that a scan has let pass; what it returns lives until the next call.
  func unpack(
    _ bytes: UnsafeRawBufferPointer, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(MessageError) -> UnsafePointer<ProtobufCMessage> {
    state.pointee.used = 0
    state.pointee.allocations = 0
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let message = protobuf_c_message_unpack(descriptor, allocator, bytes.count, start) else {
      throw MessageError(.tooMuchMemory)
    }
    return UnsafePointer(message)
  }
}
