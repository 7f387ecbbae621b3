import CProtobufC

/// Decodes messages of one type within bounds: scans, rewrites where protobuf-c would misread, unpacks into memory with
/// a cap. Owns that memory, which the next message reuses; for one thread at a time.
package final class MessageDecoder<Message> {
  let schema: WireSchema
  private let arena: CappedArena
  fileprivate var isLent = false
  /// What was left out of the message at hand.
  private(set) var leftOut = LeftOutValues()

  package init(_ schema: WireSchema, arena: CappedArena = CappedArena()) {
    self.schema = schema
    self.arena = arena
  }

  /// Decodes a message and lends it.
  package func decode(_ bytes: UnsafeRawBufferPointer) throws -> LentMessage<Message> {
    precondition(!isLent, "a decoder holds one message at a time")
    if !leftOut.isEmpty { leftOut = LeftOutValues() }
    var outcome = try WireScan.scan(bytes, schema: schema)
    var shortened: [UInt8]?
    if case .toBeShortened(let values) = outcome {
      let short = WireElision.shorten(bytes, by: values)
      leftOut = WireElision.names(values, in: bytes, schema)
      outcome = try short.withUnsafeBytes { try WireScan.scan($0, schema: schema) }
      shortened = short
    }
    let message =
      if let shortened { try shortened.withUnsafeBytes { try unpack($0, outcome) } } else {
        try unpack(bytes, outcome)
      }
    // Memory from the arena, where protobuf-c has made a message of the type that the schema describes.
    return LentMessage(UnsafeRawPointer(message).assumingMemoryBound(to: Message.self), of: self)
  }

  private func unpack(
    _ bytes: UnsafeRawBufferPointer, _ outcome: WireScan.Outcome
  ) throws -> UnsafePointer<ProtobufCMessage> {
    switch outcome {
    case .plain: return try arena.unpack(bytes, schema.descriptor)
    case .toBeRewritten:
      let plain = try WireRewrite.rewrite(bytes, schema: schema)
      return try plain.withUnsafeBytes { try arena.unpack($0, schema.descriptor) }
    // Nothing of what is left is over a bound.
    case .toBeShortened: throw MessageError(.tooMuchMemory)
    }
  }
}

/// A message in its decoder's memory, which decodes no other while this one lasts.
package struct LentMessage<Message>: ~Copyable {
  /// What it points to lasts as long as this value.
  package let pointer: UnsafePointer<Message>
  private let decoder: MessageDecoder<Message>

  fileprivate init(_ pointer: UnsafePointer<Message>, of decoder: MessageDecoder<Message>) {
    self.pointer = pointer
    self.decoder = decoder
    decoder.isLent = true
  }

  deinit { decoder.isLent = false }

  /// What was left out of it.
  package var leftOut: LeftOutValues { decoder.leftOut }
}
