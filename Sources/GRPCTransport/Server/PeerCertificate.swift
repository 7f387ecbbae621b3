import CGRPC

/// What a client's verified certificate says (RFC 5280).
public struct PeerCertificate: Sendable, Hashable {
  /// The subject's common name.
  public var commonName: String?
  /// The DNS names, addresses and URIs that it is valid for.
  public var alternativeNames: [String]

  /// What another server than gRPC's has verified.
  public init(commonName: String?, alternativeNames: [String]) {
    self.commonName = commonName
    self.alternativeNames = alternativeNames
  }

  init?(of call: OpaquePointer) {
    guard pb_call_peer_is_authenticated(call) else { return nil }
    commonName = Self.properties(of: call, "x509_common_name").first
    alternativeNames = Self.properties(of: call, "x509_subject_alternative_name")
  }

  private static func properties(of call: OpaquePointer, _ name: String) -> [String] {
    var values: [String] = []
    withUnsafeMutablePointer(to: &values) { values in
      pb_call_peer_properties(
        call, name,
        { context, value, length in
          guard let context else { return }
          let values = context.assumingMemoryBound(to: [String].self)
          values.pointee.append(
            String(decoding: UnsafeRawBufferPointer(start: value, count: length), as: UTF8.self))
        }, values)
    }
    return values
  }
}
