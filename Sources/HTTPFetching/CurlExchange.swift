import Basics
import CCurl

/// One request and its answer with libcurl, each on a thread of its own: https (http on the loopback interface only), TLS
/// 1.2 or later, no redirects, no proxy, bounded in time and size.
public struct CurlExchange: Sendable {
  /// What an exchange may take.
  public struct Limits: Sendable, Hashable {
    /// For the connection, TLS included, in milliseconds.
    public var connectMilliseconds: Int
    /// For all of it, in milliseconds.
    public var totalMilliseconds: Int
    /// Bytes of the answer's body.
    public var maximumBytes: Int

    /// Limits.
    public init(connectMilliseconds: Int = 2_000, totalMilliseconds: Int = 5_000, maximumBytes: Int) {
      self.connectMilliseconds = connectMilliseconds
      self.totalMilliseconds = totalMilliseconds
      self.maximumBytes = maximumBytes
    }
  }

  /// Whom a server's certificate has to convince.
  public enum Trust: Sendable, Hashable {
    /// The system's authorities.
    case system
    /// The certificates of a PEM file: authorities, or the server's own.
    case file(String)
    /// Nobody: any certificate will do, and only the loopback interface is connected to, where nobody else answers.
    case loopback
  }

  private let limits: Limits
  private let trust: Trust
  private let address: String?

  /// - Parameters:
  ///   - address: `HOST:PORT` that is connected to, whatever host and port the URL has; the certificate has to prove the
  ///     URL's host.
  public init(limits: Limits, trust: Trust = .system, connectingTo address: String? = nil) {
    self.limits = limits
    self.trust = trust
    self.address = address
  }

  /// - Parameter certificateAuthorities: a PEM file to trust instead of the system's.
  public init(limits: Limits, certificateAuthorities: String?) {
    self.init(limits: limits, trust: certificateAuthorities.map { .file($0) } ?? .system)
  }

  /// Sends the request and waits for the answer, of whatever status. The URL has passed ``FetchURL/check(_:)``.
  ///
  /// - Parameter allowsPrivateAddresses: whether the host of an https URL may have an address that the internet does not
  ///   route. Without it, a name that is made to point inwards leads nowhere.
  public func perform(
    _ request: HTTPRequest, allowsPrivateAddresses: Bool = false
  ) async throws(HTTPError) -> HTTPAnswer {
    let result = await DetachedThread.value {
      Result { () throws(HTTPError) in try exchange(request, allowsPrivateAddresses) }
    }
    guard let result else { throw .system }
    return try result.get()
  }

  /// The whole exchange, blocking.
  private func exchange(_ request: HTTPRequest, _ allowsPrivate: Bool) throws(HTTPError) -> HTTPAnswer {
    guard CurlLibrary.isReady, let handle = curl_easy_init() else { throw .system }
    defer { curl_easy_cleanup(handle) }
    let isPlaintext = FetchURL.isPlaintext(request.url)
    let download = Download(
      scopes: isPlaintext || trust == .loopback
        ? [.loopback] : allowsPrivate ? [.global, .local, .loopback] : [.global],
      maximumBytes: limits.maximumBytes)
    var headers: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(headers) }
    // Without an `Expect`, the body is sent at once.
    for line in request.fields.map({ "\($0.name): \($0.value)" }) + ["Expect:"] {
      guard !line.utf8.contains(where: { $0 < 0x20 }), let longer = curl_slist_append(headers, line) else {
        throw .system
      }
      headers = longer
    }
    var connection: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(connection) }
    if let address {
      // Whatever host and port: both parts before the address are empty.
      guard let entry = curl_slist_append(nil, "::\(address)"),
        patchbay_curl_set_list(handle, CURLOPT_CONNECT_TO, entry) == CURLE_OK
      else { throw .system }
      connection = entry
    }
    let isSet =
      configure(handle, request, isPlaintext: isPlaintext)
      && patchbay_curl_set_list(handle, CURLOPT_HTTPHEADER, headers) == CURLE_OK
      && download.attach(to: handle)
    guard isSet else { throw .system }
    let code = withExtendedLifetime(download) { curl_easy_perform(handle) }
    try download.check(code)
    var status = 0
    patchbay_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    var wait: curl_off_t = 0
    patchbay_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &wait)
    return HTTPAnswer(
      status: status, retryAfter: wait > 0 ? Int(wait) : nil,
      maximumAge: Self.field("Cache-Control", of: handle).flatMap(CacheControl.maximumAge), body: download.bytes)
  }

  /// The value of an answer's field, the first if there are several.
  private static func field(_ name: String, of handle: UnsafeMutableRawPointer) -> String? {
    var header: UnsafeMutablePointer<curl_header>?
    // 1 is CURLH_HEADER, a macro that does not import: fields before the body. -1 is the last request.
    guard curl_easy_header(handle, name, 0, 1, -1, &header) == CURLHE_OK else { return nil }
    return header?.pointee.value.map { String(cString: $0) }
  }

  private func configure(_ handle: UnsafeMutableRawPointer, _ request: HTTPRequest, isPlaintext: Bool) -> Bool {
    var strings: [(CURLoption, String)] = [
      (CURLOPT_URL, request.url),
      (CURLOPT_PROTOCOLS_STR, isPlaintext ? "http" : "https"),
      // The empty string, unlike none, keeps the environment's proxies out too.
      (CURLOPT_PROXY, ""),
      (CURLOPT_USERAGENT, "patchbay"),
      (CURLOPT_CUSTOMREQUEST, request.method.rawValue),
    ]
    if case .file(let path) = trust { strings.append((CURLOPT_CAINFO, path)) }
    let numbers: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1),
      (CURLOPT_FOLLOWLOCATION, 0),
      (CURLOPT_DISALLOW_USERNAME_IN_URL, 1),
      (CURLOPT_CONNECTTIMEOUT_MS, limits.connectMilliseconds),
      (CURLOPT_TIMEOUT_MS, limits.totalMilliseconds),
      (CURLOPT_MAXFILESIZE, limits.maximumBytes),
      (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
      (CURLOPT_SSL_VERIFYPEER, trust == .loopback ? 0 : 1),
      (CURLOPT_SSL_VERIFYHOST, trust == .loopback ? 0 : 2),
      (CURLOPT_FRESH_CONNECT, 1),
      (CURLOPT_FORBID_REUSE, 1),
    ]
    return strings.allSatisfy { patchbay_curl_set_string(handle, $0, $1) == CURLE_OK }
      && numbers.allSatisfy { patchbay_curl_set_long(handle, $0, $1) == CURLE_OK }
      && attach(request.body, to: handle)
  }

  private func attach(_ body: [UInt8]?, to handle: UnsafeMutableRawPointer) -> Bool {
    guard let body else { return true }
    // The size first: libcurl copies that many bytes.
    return patchbay_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count) == CURLE_OK
      && body.withUnsafeBytes { bytes in
        patchbay_curl_set_bytes(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress) == CURLE_OK
      }
  }
}

/// What arrives during one exchange. Used by one thread only, the one that performs the exchange.
private final class Download {
  private(set) var bytes: [UInt8] = []
  private let scopes: Set<AddressScope>
  private let maximumBytes: Int
  private var isTooLong = false
  private var isRefusedAddress = false

  init(scopes: Set<AddressScope>, maximumBytes: Int) {
    self.scopes = scopes
    self.maximumBytes = maximumBytes
  }

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
          return !overflows && download.append(UnsafeRawBufferPointer(start: bytes, count: length)) ? length : 0
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

  func check(_ code: CURLcode) throws(HTTPError) {
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

  private func append(_ chunk: UnsafeRawBufferPointer) -> Bool {
    guard chunk.count <= maximumBytes - bytes.count else {
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

/// libcurl's codes.
public enum CurlError {
  /// What a libcurl code means.
  public static func text(_ code: Int32) -> String {
    curl_easy_strerror(CURLcode(UInt32(bitPattern: code))).map { String(cString: $0) } ?? "error \(code)"
  }
}
