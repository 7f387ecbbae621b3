import Basics
import COpenSSL

/// A certificate (X.509). The one owner of its OpenSSL object.
///
/// Unchecked: the object is complete when `init` returns and freed by `deinit` only; what OpenSSL caches in it when it is
/// asked for something, it caches under a lock of its own.
final class Certificate: @unchecked Sendable {
  private let pointer: OpaquePointer
  /// When it begins and ends, in seconds since 1970.
  let begins: Int64
  let ends: Int64
  /// Its DNS names and IPv4 addresses.
  let names: [String]
  /// Whom it is for, and who made it, for people.
  let subject: String
  let issuer: String
  /// Whether it was signed with its own key.
  let isSelfSigned: Bool

  private init?(owning pointer: OpaquePointer) {
    var begins: Int64 = 0
    var ends: Int64 = 0
    guard patchbay_certificate_time(pointer, false, &begins), patchbay_certificate_time(pointer, true, &ends) else {
      X509_free(pointer)
      return nil
    }
    self.pointer = pointer
    self.begins = begins
    self.ends = ends
    names = Self.written { patchbay_certificate_names(pointer, $0) }.split(separator: "\n").map(String.init)
    subject = Self.written { patchbay_certificate_party(pointer, false, $0) }
    issuer = Self.written { patchbay_certificate_party(pointer, true, $0) }
    isSelfSigned = X509_self_signed(pointer, 0) == 1
  }

  deinit { X509_free(pointer) }

  /// The certificate of a DER encoding, nil where it is none.
  convenience init?(der: [UInt8]) {
    defer { ERR_clear_error() }
    let pointer = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
      var start = bytes.baseAddress
      return d2i_X509(nil, &start, bytes.count)
    }
    guard let pointer else { return nil }
    self.init(owning: pointer)
  }

  /// The subject's common name, where it has one without spaces.
  var commonName: String? {
    let name = Self.written { patchbay_certificate_common_name(pointer, $0) }
    return name.isEmpty ? nil : name
  }

  /// The certificates of a PEM text, in its order; nil where one of them cannot be read.
  static func all(in text: String) -> [Certificate]? {
    defer { ERR_clear_error() }
    ERR_clear_error()
    return Array(text.utf8).withUnsafeBytes { bytes -> [Certificate]? in
      guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
      defer { BIO_free(bio) }
      var certificates: [Certificate] = []
      while let pointer = PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil) {
        guard let certificate = Certificate(owning: pointer) else { return nil }
        certificates.append(certificate)
      }
      // The end of the text is told as an error too.
      let isEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
      return isEnd && !certificates.isEmpty ? certificates : nil
    }
  }

  /// Whether this is the certificate of a private key.
  func fits(_ key: PrivateKey) -> Bool {
    defer { ERR_clear_error() }
    return X509_check_private_key(pointer, key.pointer) == 1
  }

  /// Whether it proves a host to a client, which asks for the names and not for the subject (RFC 9525).
  func proves(_ host: String) -> Bool {
    defer { ERR_clear_error() }
    if X509_check_ip_asc(pointer, host, 0) == 1 { return true }
    let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
    return X509_check_host(pointer, host, host.utf8.count, flags, nil) == 1
  }

  /// Whether another certificate's issuer is this one, by name and key id.
  func hasIssued(_ other: Certificate) -> Bool {
    defer { ERR_clear_error() }
    return X509_check_issued(pointer, other.pointer) == X509_V_OK
  }

  /// Whether servers may use it.
  var isForServers: Bool {
    defer { ERR_clear_error() }
    return X509_check_purpose(pointer, X509_PURPOSE_SSL_SERVER, 0) == 1
  }

  /// Whether this system's authorities have its issuer.
  var hasKnownIssuer: Bool {
    defer { ERR_clear_error() }
    guard let store = X509_STORE_new() else { return false }
    defer { X509_STORE_free(store) }
    guard X509_STORE_set_default_paths(store) == 1, let context = X509_STORE_CTX_new() else { return false }
    defer { X509_STORE_CTX_free(context) }
    guard X509_STORE_CTX_init(context, store, nil, nil) == 1 else { return false }
    var issuer: OpaquePointer?
    guard X509_STORE_CTX_get1_issuer(&issuer, context, pointer) == 1 else { return false }
    X509_free(issuer)
    return true
  }

  /// What is written into a memory BIO, without what a terminal would obey.
  private static func written(_ write: (OpaquePointer) -> Void) -> String {
    guard let bio = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(bio) }
    write(bio)
    var bytes: UnsafeMutablePointer<CChar>?
    guard case let count = patchbay_bio_bytes(bio, &bytes), count > 0, let bytes else { return "" }
    let text = String(decoding: UnsafeRawBufferPointer(start: bytes, count: min(count, 65_536)), as: UTF8.self)
    return text.readable { $0 == "\n" ? "\n" : " " }
  }
}

/// A private key. The one owner of its OpenSSL object.
final class PrivateKey {
  let pointer: OpaquePointer

  /// The key of a PEM text that is not encrypted.
  init?(_ text: String) {
    defer { ERR_clear_error() }
    let key = Array(text.utf8).withUnsafeBytes { bytes -> OpaquePointer? in
      guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
      defer { BIO_free(bio) }
      // Without a callback OpenSSL would ask for an encrypted key's password on the terminal.
      return PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
    }
    guard let key else { return nil }
    pointer = key
  }

  deinit { EVP_PKEY_free(pointer) }
}
