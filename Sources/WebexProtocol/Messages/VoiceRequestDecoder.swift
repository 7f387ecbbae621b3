import Wire

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

  /// Decodes a request and lends it. What the request lends must not be used after it, and no other is decoded while it
  /// lasts.
  ///
  /// - Throws: ``MessageError`` where the request is malformed, over a limit or states an audio encoding that is not known.
  public func decode(_ bytes: UnsafeRawBufferPointer) throws -> VoiceRequestView {
    try VoiceRequestView(decoder.decode(bytes))
  }
}
