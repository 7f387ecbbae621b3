import Basics
import COpenSSL

/// A SHA-256 digest (FIPS 180-4), as a map key.
struct SHA256: Sendable, Hashable {
  /// The 32 bytes.
  let bytes: [UInt8]

  /// The digest of `message`.
  init(_ message: some Sequence<UInt8>) {
    let message = Array(message)
    var digest = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    // Fails only when memory is out; an all-zero digest would then make two messages alike.
    guard EVP_Digest(message, message.count, &digest, &count, DigestAlgorithm.sha256.pointer, nil) == 1, count == 32
    else { fatalError("SHA-256 is not available") }
    bytes = digest
  }

  /// The first characters of the digest in hexadecimal: enough to tell values apart in a log, too few to guess from.
  var shortText: String { bytes.prefix(6).map(\.hexadecimal).joined() }
}

/// The one owner of OpenSSL's SHA-256. Fetched once: OpenSSL 3 otherwise looks it up under a lock for every use.
///
/// Unchecked: `pointer` is set once, never freed, and an `EVP_MD` is immutable once fetched.
final class DigestAlgorithm: @unchecked Sendable {
  static let sha256 = DigestAlgorithm()

  let pointer: OpaquePointer?

  private init() { pointer = EVP_MD_fetch(nil, "SHA2-256", nil) }
}
