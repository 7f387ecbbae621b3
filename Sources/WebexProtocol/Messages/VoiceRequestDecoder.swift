import CWebexSchemas

/// Decodes what callers send: `VoiceVARequest`, within the bounds of ``WireLimits/request``.
///
/// One for each thread that receives: it owns the memory that a request is decoded into and reuses it, so that an audio
/// frame costs no allocation. Not to be used by two threads at once.
public final class VoiceRequestDecoder {
  private static let schema = WireSchema(webex__voice__voice_varequest__init, limits: .request)

  private let decoder: MessageDecoder<Webex__Voice__VoiceVARequest>

  /// A decoder with memory of its own: a megabyte at most, of which only what is used becomes resident.
  public init() { decoder = MessageDecoder(Self.schema) }

  init(arena: CappedArena) { decoder = MessageDecoder(Self.schema, arena: arena) }

  /// Decodes a request and lends it. What the request lends must not be used after the closure has returned, and the
  /// closure must not decode with the same decoder.
  ///
  /// - Throws: ``MessageError`` where the request is malformed, over a limit or states an audio encoding that is not
  ///   known; otherwise what the closure throws.
  public func decode<R>(
    _ bytes: UnsafeRawBufferPointer, _ body: (borrowing VoiceRequestView) throws -> R
  ) throws -> R {
    try decoder.decode(bytes) { message in
      let view = try VoiceRequestView(message, leftOut: decoder.leftOut)
      return try body(view)
    }
  }
}
