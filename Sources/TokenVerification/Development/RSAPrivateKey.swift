import COpenSSL
import Glibc

/// A private RSA key of 2,048 bits or more that tokens are signed with. The one owner of its OpenSSL key.
///
/// For development issuers only: the product never signs anything for Webex.
///
/// Unchecked: the OpenSSL key is complete when `init` returns, never changed after, and freed by `deinit` only; OpenSSL
/// lets any number of threads sign with one key.
final class RSAPrivateKey: @unchecked Sendable {
  let publicKey: RSAPublicKey
  /// The public numbers, big-endian.
  let modulus: [UInt8]
  let exponent: [UInt8]

  private let key: OpaquePointer

  private init(owning key: OpaquePointer) throws(DevelopmentIssuer.SigningKeyError) {
    guard let modulus = Self.number(OSSL_PKEY_PARAM_RSA_N, of: key),
      let exponent = Self.number(OSSL_PKEY_PARAM_RSA_E, of: key)
    else {
      EVP_PKEY_free(key)
      throw .notAnRSAKey
    }
    do { publicKey = try RSAPublicKey(modulus: modulus, exponent: exponent) } catch {
      EVP_PKEY_free(key)
      throw .unusableKey(error)
    }
    self.key = key
    self.modulus = modulus
    self.exponent = exponent
  }

  deinit { EVP_PKEY_free(key) }

  /// A fresh key.
  static func generate(bits: Int = 2_048) throws(DevelopmentIssuer.SigningKeyError) -> RSAPrivateKey {
    defer { ERR_clear_error() }
    guard let key = patchbay_rsa_generate(bits) else { throw .notMade }
    return try RSAPrivateKey(owning: key)
  }

  /// The key of a PEM text (PKCS #8 or PKCS #1, not encrypted).
  convenience init(pem: [UInt8]) throws(DevelopmentIssuer.SigningKeyError) {
    defer { ERR_clear_error() }
    // The BIO reads the bytes where they are: they have to stay there until it is freed.
    let key = pem.withUnsafeBytes { bytes -> OpaquePointer? in
      guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
      defer { BIO_free(bio) }
      // Without a callback OpenSSL would ask for an encrypted key's password on the terminal.
      return PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
    }
    guard let key else { throw .notAnRSAKey }
    try self.init(owning: key)
  }

  /// The key as PEM (PKCS #8, not encrypted).
  func pem() throws(DevelopmentIssuer.SigningKeyError) -> [UInt8] {
    defer { ERR_clear_error() }
    guard let bio = BIO_new(BIO_s_secmem()) else { throw .notMade }
    defer { BIO_free(bio) }
    var bytes: UnsafeMutablePointer<CChar>?
    guard PEM_write_bio_PKCS8PrivateKey(bio, key, nil, nil, 0, nil, nil) == 1,
      case let count = patchbay_bio_bytes(bio, &bytes), count > 0, let bytes
    else { throw .notMade }
    return UnsafeRawBufferPointer(start: bytes, count: count).map { $0 }
  }

  /// The RS256 signature of `message`.
  func signature(of message: [UInt8]) throws(DevelopmentIssuer.SigningKeyError) -> [UInt8] {
    defer { ERR_clear_error() }
    guard let context = EVP_MD_CTX_new() else { throw .notSigned }
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: publicKey.modulusBytes)
    var count = signature.count
    guard EVP_DigestSignInit(context, nil, DigestAlgorithm.sha256.pointer, nil, key) == 1,
      EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
    else { throw .notSigned }
    return signature
  }

  private static func number(_ name: String, of key: OpaquePointer) -> [UInt8]? {
    var number: OpaquePointer?
    guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { return nil }
    defer { BN_free(number) }
    var bytes = [UInt8](repeating: 0, count: Int((BN_num_bits(number) + 7) / 8))
    guard BN_bn2bin(number, &bytes) == Int32(bytes.count) else { return nil }
    return bytes
  }
}
