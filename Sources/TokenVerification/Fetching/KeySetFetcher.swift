public import HTTPFetching

/// Gets an issuer's key set document. One implementation uses the network, others stand in for it in tests.
public protocol KeySetFetcher: Sendable {
  /// The document, or why there is none. Ends within 5 seconds.
  func fetch(_ issuer: TrustedIssuer) async throws(KeySetFetchError) -> KeySetDocument
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
public enum KeySetFetchError: Error, Sendable, Hashable {
  /// No answer: its cause.
  case http(HTTPError)
  /// An answer other than 200, and how many seconds the issuer asks to wait. Redirects are not followed.
  case status(Int, retryAfter: Int?)
  /// The document cannot be used as a whole.
  case malformed(KeySet.FormatError)
  /// The document has no key that could be used.
  case noUsableKeys
}

extension KeySetFetchError: CustomStringConvertible {
  /// What failed.
  public var description: String {
    switch self {
    case .http(let cause): cause.description
    case .status(let status, _): "the answer's status is \(status)"
    case .malformed(let fault): fault.description
    case .noUsableKeys: "the key set has no usable key"
    }
  }
}
