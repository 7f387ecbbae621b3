import COpenSSL

/// An RSA key that signatures are verified with: 2,048 to 4,096 bits, e = 65537. The one owner of its OpenSSL key.
///
/// Unchecked: the OpenSSL key is complete when `init` returns, never changed after, and freed by `deinit` only; OpenSSL
/// lets any number of threads verify with one key.
public final class RSAPublicKey: @unchecked Sendable {
  /// The sizes taken, in bits.
  public static let bits = 2_048...4_096

  /// Bytes of the modulus, and so of a signature.
  public let modulusBytes: Int
  /// The key's thumbprint (RFC 7638), base64url: equal for equal keys.
  public let thumbprint: String

  private let key: OpaquePointer

  /// A key of these big-endian numbers. Leading zero bytes count for nothing.
  public init(modulus: [UInt8], exponent: [UInt8]) throws(KeyError) {
    let modulus = Array(modulus.drop { $0 == 0 })
    let exponent = Array(exponent.drop { $0 == 0 })
    try Self.check(modulus: modulus, exponent: exponent)
    guard let key = Self.makeKey(modulus: modulus, exponent: exponent) else { throw .refusedByOpenSSL }
    self.key = key
    modulusBytes = modulus.count
    // The members in the order of their names, without space (RFC 7638 section 3).
    let text =
      #"{"e":"\#(Base64URL.encode(exponent))","kty":"RSA","n":"\#(Base64URL.encode(modulus))"}"#
    thumbprint = Base64URL.encode(SHA256(text.utf8).bytes)
  }

  deinit { EVP_PKEY_free(key) }

  /// Whether `signature` is this key's RSASSA-PKCS1-v1_5 signature with SHA-256 over `message` (RFC 8017 section 8.2.2).
  /// False too where the signature is not exactly as long as the modulus.
  public func verifies(signature: [UInt8], over message: ArraySlice<UInt8>) -> Bool {
    guard signature.count == modulusBytes, let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      // What OpenSSL notes about a bad signature would otherwise pile up in this thread's queue.
      ERR_clear_error()
    }
    guard EVP_DigestVerifyInit(context, nil, DigestAlgorithm.sha256.pointer, nil, key) == 1 else { return false }
    return message.withUnsafeBufferPointer { bytes in
      EVP_DigestVerify(context, signature, signature.count, bytes.baseAddress, bytes.count) == 1
    }
  }

  private static func check(modulus: [UInt8], exponent: [UInt8]) throws(KeyError) {
    guard let first = modulus.first, let last = modulus.last else { throw .size(bits: 0) }
    let bits = modulus.count * 8 - first.leadingZeroBitCount
    guard Self.bits.contains(bits) else { throw .size(bits: bits) }
    guard exponent == [1, 0, 1] else { throw .exponent }
    guard last & 1 == 1 else { throw .evenModulus }
    guard !ROCA.isFingerprint(modulus) else { throw .roca }
  }

  private static func makeKey(modulus: [UInt8], exponent: [UInt8]) -> OpaquePointer? {
    defer { ERR_clear_error() }
    guard let n = BN_bin2bn(modulus, Int32(modulus.count), nil) else { return nil }
    defer { BN_free(n) }
    guard let e = BN_bin2bn(exponent, Int32(exponent.count), nil) else { return nil }
    defer { BN_free(e) }
    guard let parameters = patchbay_rsa_public_parameters(n, e) else { return nil }
    defer { OSSL_PARAM_free(parameters) }
    guard let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { return nil }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_fromdata_init(context) == 1,
      EVP_PKEY_fromdata(context, &key, patchbay_public_key_selection(), parameters) == 1
    else { return nil }
    return key
  }
}
