import CProtobufC

/// Decodes messages of one type within bounds: scans, rewrites where protobuf-c would misread, unpacks into memory with
/// a cap. Owns that memory, which the next message reuses; for one thread at a time.
package final class MessageDecoder<Message> {
  let schema: WireSchema
  private let arena: CappedArena
  private var isDecoding = false

  package convenience init(_ schema: WireSchema) { self.init(schema, arena: CappedArena()) }

  init(_ schema: WireSchema, arena: CappedArena) {
    self.schema = schema
    self.arena = arena
  }

  /// Decodes a message and lends it.
  package func decode<R>(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafePointer<Message>) throws -> R) throws -> R {
    precondition(!isDecoding, "a decoder holds one message at a time")
    isDecoding = true
    defer { isDecoding = false }
    let message: UnsafePointer<ProtobufCMessage>
    switch try WireScan.scan(bytes, schema: schema) {
    case .plain:
      message = try arena.unpack(bytes, schema.descriptor)
    case .toBeRewritten:
      let plain = try WireRewrite.rewrite(bytes, schema: schema)
      message = try plain.withUnsafeBytes { try arena.unpack($0, schema.descriptor) }
    }
    // Memory from the arena, where protobuf-c has made a message of the type that the schema describes.
    return try body(UnsafeRawPointer(message).assumingMemoryBound(to: Message.self))
  }
}
