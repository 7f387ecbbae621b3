import CCurl

/// Fetches key sets with libcurl, each fetch on a thread of its own, never on a call's: https by the system's trust (http
/// on the loopback interface only), TLS 1.2 or later, no redirects, no proxy, bounded in time and size.
public struct CurlKeySetFetcher: KeySetFetcher {
  private let connectMilliseconds: Int
  private let totalMilliseconds: Int
  private let certificateAuthorities: String?

  /// A fetcher. `certificateAuthorities` is a PEM file to trust instead of the system's. Times in milliseconds.
  public init(
    connectMilliseconds: Int = 2_000, totalMilliseconds: Int = 5_000, certificateAuthorities: String? = nil
  ) {
    self.connectMilliseconds = connectMilliseconds
    self.totalMilliseconds = totalMilliseconds
    self.certificateAuthorities = certificateAuthorities
  }

  /// The document at the issuer's URL.
  public func fetch(_ issuer: TrustedIssuer) async throws(KeySetFetchFailure) -> [UInt8] {
    let result: Result<[UInt8], KeySetFetchFailure> = await withCheckedContinuation { continuation in
      let started = DetachedThread.run {
        continuation.resume(returning: Result { () throws(KeySetFetchFailure) in try perform(issuer) })
      }
      if !started { continuation.resume(returning: .failure(.system)) }
    }
    return try result.get()
  }

  /// The whole exchange, blocking.
  private func perform(_ issuer: TrustedIssuer) throws(KeySetFetchFailure) -> [UInt8] {
    guard CurlLibrary.isReady, let handle = curl_easy_init() else { throw .system }
    defer { curl_easy_cleanup(handle) }
    let isPlaintext = KeySetURL.isPlaintext(issuer.keysURL)
    let download = Download(
      scopes: isPlaintext ? [.loopback] : issuer.allowsPrivateAddresses ? [.global, .local, .loopback] : [.global])
    guard let headers = curl_slist_append(nil, "Accept: application/json") else { throw .system }
    defer { curl_slist_free_all(headers) }
    let isSet =
      configure(handle, issuer.keysURL, isPlaintext: isPlaintext)
      && patchbay_curl_set_list(handle, CURLOPT_HTTPHEADER, headers) == CURLE_OK
      && download.attach(to: handle)
    guard isSet else { throw .system }
    let code = withExtendedLifetime(download) { curl_easy_perform(handle) }
    try download.check(code)
    var status = 0
    patchbay_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    guard status == 200 else {
      var wait: curl_off_t = 0
      patchbay_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &wait)
      throw .status(status, retryAfter: wait > 0 ? Int(wait) : nil)
    }
    return download.bytes
  }

  private func configure(_ handle: UnsafeMutableRawPointer, _ url: String, isPlaintext: Bool) -> Bool {
    var strings: [(CURLoption, String)] = [
      (CURLOPT_URL, url),
      (CURLOPT_PROTOCOLS_STR, isPlaintext ? "http" : "https"),
      // The empty string, unlike none, keeps the environment's proxies out too.
      (CURLOPT_PROXY, ""),
      (CURLOPT_USERAGENT, "patchbay"),
    ]
    if let certificateAuthorities { strings.append((CURLOPT_CAINFO, certificateAuthorities)) }
    let numbers: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1),
      (CURLOPT_FOLLOWLOCATION, 0),
      (CURLOPT_DISALLOW_USERNAME_IN_URL, 1),
      (CURLOPT_CONNECTTIMEOUT_MS, connectMilliseconds),
      (CURLOPT_TIMEOUT_MS, totalMilliseconds),
      (CURLOPT_MAXFILESIZE, KeySet.maximumBytes),
      (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
      (CURLOPT_SSL_VERIFYPEER, 1),
      (CURLOPT_SSL_VERIFYHOST, 2),
      (CURLOPT_FRESH_CONNECT, 1),
      (CURLOPT_FORBID_REUSE, 1),
    ]
    return strings.allSatisfy { patchbay_curl_set_string(handle, $0, $1) == CURLE_OK }
      && numbers.allSatisfy { patchbay_curl_set_long(handle, $0, $1) == CURLE_OK }
  }
}

/// What arrives during one exchange. Used by one thread only, the one that performs the exchange.
private final class Download {
  private(set) var bytes: [UInt8] = []
  private let scopes: Set<AddressScope>
  private var isTooLong = false
  private var isRefusedAddress = false

  init(scopes: Set<AddressScope>) { self.scopes = scopes }

  /// Lets libcurl call back here. The caller keeps this object alive until the exchange has ended.
  func attach(to handle: UnsafeMutableRawPointer) -> Bool {
    let context = Unmanaged.passUnretained(self).toOpaque()
    return patchbay_curl_set_context(handle, CURLOPT_WRITEDATA, context) == CURLE_OK
      && patchbay_curl_set_context(handle, CURLOPT_OPENSOCKETDATA, context) == CURLE_OK
      && patchbay_curl_set_write(
        handle,
        { bytes, size, count, context in
          guard let bytes, let context else { return 0 }
          let download = Unmanaged<Download>.fromOpaque(context).takeUnretainedValue()
          let (length, overflows) = size.multipliedReportingOverflow(by: count)
          return !overflows && download.take(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : 0
        }) == CURLE_OK
      && patchbay_curl_set_open(
        handle,
        { context, _, address in
          guard let context, let address else { return -1 }
          let download = Unmanaged<Download>.fromOpaque(context).takeUnretainedValue()
          guard download.allows(address) else { return -1 }
          return patchbay_curl_open_socket(address)
        }) == CURLE_OK
  }

  func check(_ code: CURLcode) throws(KeySetFetchFailure) {
    if isTooLong || code == CURLE_FILESIZE_EXCEEDED { throw .tooLong }
    switch code {
    case CURLE_OK: return
    case CURLE_OPERATION_TIMEDOUT: throw .timeout
    case CURLE_COULDNT_CONNECT where isRefusedAddress: throw .refusedAddress
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      throw .tls(code: Int32(bitPattern: code.rawValue))
    default: throw .connection(code: Int32(bitPattern: code.rawValue))
    }
  }

  private func take(_ chunk: UnsafeRawBufferPointer) -> Bool {
    guard chunk.count <= KeySet.maximumBytes - bytes.count else {
      isTooLong = true
      return false
    }
    bytes.append(contentsOf: chunk)
    return true
  }

  /// Whether the resolved address may be connected to: the name alone would not tell.
  private func allows(_ address: UnsafePointer<curl_sockaddr>) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = Int(patchbay_curl_address(address, &bytes))
    let isAllowed = scopes.contains(AddressScope(Array(bytes.prefix(count))))
    if !isAllowed { isRefusedAddress = true }
    return isAllowed
  }
}

/// libcurl's one-time start, which is not to happen on two threads at once.
private enum CurlLibrary {
  static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

enum CurlError {
  /// What a libcurl code means.
  static func text(_ code: Int32) -> String {
    curl_easy_strerror(CURLcode(UInt32(bitPattern: code))).map { String(cString: $0) } ?? "error \(code)"
  }
}
