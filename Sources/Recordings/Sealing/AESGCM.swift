import COpenSSL

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, on OpenSSL.
///
/// The owner of one cipher context and of a copy of the key, which is wiped at the end. Not for use from two threads at
/// once. A nonce must never be given twice for sealing with one key.
final class AESGCM {
  static let keyBytes = 32
  static let nonceBytes = 12
  static let tagBytes = 16

  private let context: OpaquePointer
  private var key: [UInt8]

  init(key: [UInt8]) throws(RecordingError) {
    guard key.count == Self.keyBytes else {
      throw RecordingError(.key, "a key of \(key.count) bytes; AES-256 takes \(Self.keyBytes)")
    }
    guard let context = EVP_CIPHER_CTX_new() else { throw Self.failure }
    self.context = context
    self.key = key
  }

  deinit {
    EVP_CIPHER_CTX_free(context)
    key.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
  }

  /// Encrypts, and authenticates what is encrypted together with `header`. Returns the ciphertext with its tag.
  func seal(_ plaintext: [UInt8], nonce: [UInt8], header: [UInt8]) throws(RecordingError) -> [UInt8] {
    precondition(nonce.count == Self.nonceBytes)
    ERR_clear_error()
    guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1 else { throw Self.failure }
    var count: Int32 = 0
    guard EVP_EncryptUpdate(context, nil, &count, header, Int32(clamping: header.count)) == 1 else {
      throw Self.failure
    }
    var sealed = [UInt8](repeating: 0, count: plaintext.count + Self.tagBytes)
    let isSealed = sealed.withUnsafeMutableBufferPointer { output in
      guard let start = output.baseAddress else { return false }
      var end: Int32 = 0
      return EVP_EncryptUpdate(context, start, &count, plaintext, Int32(clamping: plaintext.count)) == 1
        && Int(count) == plaintext.count && EVP_EncryptFinal_ex(context, start + plaintext.count, &end) == 1 && end == 0
        && EVP_CIPHER_CTX_ctrl(
          context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagBytes), start + plaintext.count) == 1
    }
    guard isSealed else { throw Self.failure }
    return sealed
  }

  /// Decrypts what ``seal(_:nonce:header:)`` made; `nil` where a bit of it, the nonce or the header is another.
  func open(_ sealed: ArraySlice<UInt8>, nonce: [UInt8], header: [UInt8]) throws(RecordingError) -> [UInt8]? {
    precondition(nonce.count == Self.nonceBytes)
    guard sealed.count >= Self.tagBytes else { return nil }
    ERR_clear_error()
    let ciphertext = Array(sealed.dropLast(Self.tagBytes))
    var tag = Array(sealed.suffix(Self.tagBytes))
    var count: Int32 = 0
    guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
      EVP_DecryptUpdate(context, nil, &count, header, Int32(clamping: header.count)) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1
    else { throw Self.failure }
    var plaintext = [UInt8](repeating: 0, count: ciphertext.count + 1)
    let isGenuine = plaintext.withUnsafeMutableBufferPointer { output in
      guard let start = output.baseAddress else { return false }
      var end: Int32 = 0
      return EVP_DecryptUpdate(context, start, &count, ciphertext, Int32(clamping: ciphertext.count)) == 1
        && Int(count) == ciphertext.count && EVP_DecryptFinal_ex(context, start + ciphertext.count, &end) == 1
    }
    guard isGenuine else { return nil }
    plaintext.removeLast()
    return plaintext
  }

  /// Bytes that nobody can guess.
  static func randomBytes(_ count: Int) throws(RecordingError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, Int32(clamping: count)) == 1 else { throw failure }
    return bytes
  }

  private static var failure: RecordingError {
    RecordingError(.key, "OpenSSL could not encrypt (error \(ERR_peek_error())); is its AES-256-GCM provider there?")
  }
}
