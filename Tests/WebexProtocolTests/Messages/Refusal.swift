@testable import WebexProtocol
@testable import Wire

/// Decodes a request and copies it.
func decodeRequest(_ bytes: [UInt8]) throws -> VoiceRequest {
  try bytes.withUnsafeBytes { try VoiceRequest(VoiceRequestDecoder().decode($0)) }
}

/// Why a request is refused; `nil` where it is taken.
func refusal(_ bytes: [UInt8]) -> MessageError? { refusal { try decodeRequest(bytes) } }

/// The message error that is thrown; `nil` where nothing is.
func refusal<R>(_ body: () throws -> R) -> MessageError? {
  do {
    _ = try body()
    return nil
  } catch {
    // Any other error would make the comparison with an expected one fail.
    return error as? MessageError ?? MessageError(.unknownValue(.max), at: "\(error)")
  }
}

/// The descriptor of a message type with limits of a test's own.
func scan<Message>(
  _ bytes: [UInt8], _ initialize: (UnsafeMutablePointer<Message>?) -> Void, limits: WireLimits = .request
) throws -> WireScan.Outcome {
  let schema = WireSchema(initialize, limits: limits)
  return try bytes.withUnsafeBytes { try WireScan.scan($0, schema: schema) }
}
