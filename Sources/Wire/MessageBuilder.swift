package import CProtobufC

/// The memory of a message that is being put together for protobuf-c to write; freed with the builder.
package final class MessageBuilder {
  private static let blockBytes = 4096

  private var blocks: [UnsafeMutableRawPointer] = []
  private var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  package init() {}

  deinit { for block in blocks { block.deallocate() } }

  private func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    let size = (max(count, 1) + 15) & ~15
    if size <= free.count, let start = free.baseAddress {
      free = UnsafeMutableRawBufferPointer(rebasing: free[size...])
      return start
    }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, Self.blockBytes), alignment: 16)
    guard let start = block.baseAddress else {
      preconditionFailure("an allocation of more than zero bytes is somewhere")
    }
    blocks.append(start)
    free = UnsafeMutableRawBufferPointer(rebasing: block[size...])
    return start
  }

  /// A message with all its fields absent. The function is the type's generated `…__init`.
  package func make<Message>(_ initialize: (UnsafeMutablePointer<Message>?) -> Void) -> UnsafeMutablePointer<Message> {
    let message = allocate(MemoryLayout<Message>.size).bindMemory(to: Message.self, capacity: 1)
    initialize(message)
    return message
  }

  /// A C string. NUL, which would end it, is left out.
  package func text(_ string: String) -> UnsafeMutablePointer<CChar> {
    var count = 0
    let text = allocate(string.utf8.count + 1).bindMemory(to: CChar.self, capacity: string.utf8.count + 1)
    for byte in string.utf8 where byte != 0 {
      text[count] = CChar(bitPattern: byte)
      count += 1
    }
    text[count] = 0
    return text
  }

  /// The count and the entries of a `map<string, string>`, sorted by key.
  package func entries<Entry: TextEntry>(
    _ texts: [String: String], _ initialize: (UnsafeMutablePointer<Entry>?) -> Void
  ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?) {
    array(
      texts.sorted { $0.key < $1.key }.map { key, value in
        let entry = make(initialize)
        (entry.pointee.key, entry.pointee.value) = (text(key), text(value))
        return entry
      })
  }

  /// The count and the elements of a repeated field.
  package func array<Element>(_ elements: [UnsafeMutablePointer<Element>]) -> (
    Int, UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?
  ) {
    guard !elements.isEmpty else { return (0, nil) }
    let array = allocate(elements.count * MemoryLayout<UnsafeMutablePointer<Element>?>.stride)
      .bindMemory(to: UnsafeMutablePointer<Element>?.self, capacity: elements.count)
    for (index, element) in elements.enumerated() { (array + index).initialize(to: element) }
    return (elements.count, array)
  }

  /// The count and the elements of a repeated field of strings.
  package func texts(_ strings: [String]) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
    array(strings.map { text($0) })
  }

  /// The count and the numbers of a repeated field.
  package func numbers<Number: BitwiseCopyable>(_ numbers: [Number]) -> (Int, UnsafeMutablePointer<Number>?) {
    guard !numbers.isEmpty else { return (0, nil) }
    let array = allocate(numbers.count * MemoryLayout<Number>.stride)
      .bindMemory(to: Number.self, capacity: numbers.count)
    array.initialize(from: numbers, count: numbers.count)
    return (numbers.count, array)
  }

  /// A field that is written although it is empty, which protobuf-c leaves out: `bytes` of length 0, by field number.
  package func emptyField(_ number: UInt32) -> UnsafeMutablePointer<ProtobufCMessageUnknownField> {
    let length = allocate(1).bindMemory(to: UInt8.self, capacity: 1)
    length.initialize(to: 0)
    let field = allocate(MemoryLayout<ProtobufCMessageUnknownField>.size)
      .bindMemory(to: ProtobufCMessageUnknownField.self, capacity: 1)
    field.initialize(
      to: ProtobufCMessageUnknownField(
        tag: number, wire_type: PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, len: 1, data: length))
    return field
  }

  /// A message's bytes. What its fields point at has to live until it returns.
  package func pack<Message>(_ message: UnsafeMutablePointer<Message>) -> [UInt8] {
    // Every generated struct begins with a ProtobufCMessage.
    let base = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    let size = protobuf_c_message_get_packed_size(base)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = size == 0 ? 0 : protobuf_c_message_pack(base, buffer.baseAddress)
    }
  }
}

extension ProtobufCBinaryData {
  /// Bytes that protobuf-c only reads; they have to live until the message is packed.
  package init(lending bytes: UnsafeRawBufferPointer) {
    self.init(
      len: bytes.count,
      data: UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)))
  }
}
