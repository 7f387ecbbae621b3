import HTTPFetching

/// Gets an issuer's key set document. One implementation uses the network, others stand in for it in tests.
public protocol KeySetFetcher: Sendable {
  /// The document, or why there is none. Ends within 5 seconds.
  func fetch(_ issuer: TrustedIssuer) async throws(KeySetFetchFailure) -> KeySetDocument
}

/// A key set as it was fetched.
public struct KeySetDocument: Sendable, Hashable {
  /// The JWK Set.
  public var bytes: [UInt8]
  /// For how long the issuer says that it may be kept; nil if it says nothing.
  public var maximumAge: Duration?

  /// A document.
  public init(_ bytes: [UInt8], maximumAge: Duration? = nil) {
    self.bytes = bytes
    self.maximumAge = maximumAge
  }
}

/// Why a key set could not be fetched, or not used.
public enum KeySetFetchFailure: Error, Sendable, Hashable {
  /// No connection, or not one that lasted. libcurl's code.
  case connection(code: Int32)
  /// The certificate does not prove the host, or TLS failed otherwise. libcurl's code.
  case tls(code: Int32)
  /// The host's address is not one that may be connected to.
  case refusedAddress
  /// It took longer than allowed.
  case timeout
  /// An answer other than 200, and how many seconds the issuer asks to wait. Redirects are not followed.
  case status(Int, retryAfter: Int?)
  /// The document is longer than a key set may be.
  case tooLong
  /// The document cannot be used as a whole.
  case malformed(KeySet.Malformation)
  /// The document has no key that could be used.
  case noUsableKeys
  /// This system could not even begin.
  case system
}

extension KeySetFetchFailure: CustomStringConvertible {
  /// What failed.
  public var description: String {
    switch self {
    case .connection(let code): "no connection (\(CurlError.text(code)))"
    case .tls(let code): "TLS failed (\(CurlError.text(code)))"
    case .refusedAddress: "the host's address is not allowed"
    case .timeout: "it took too long"
    case .status(let status, _): "the answer's status is \(status)"
    case .tooLong: "the document is longer than \(KeySet.maximumBytes) bytes"
    case .malformed(let fault): fault.description
    case .noUsableKeys: "the key set has no usable key"
    case .system: "no thread or memory for it"
    }
  }
}
