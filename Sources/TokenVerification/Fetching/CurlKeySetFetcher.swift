import HTTPFetching

/// Fetches key sets over the network, never on a call's thread; see `CurlExchange` for what is bounded and refused.
public struct CurlKeySetFetcher: KeySetFetcher {
  private let exchange: CurlExchange

  /// A fetcher. `certificateAuthorities` is a PEM file to trust instead of the system's. Times in milliseconds.
  public init(
    connectMilliseconds: Int = 2_000, totalMilliseconds: Int = 5_000, certificateAuthorities: String? = nil
  ) {
    exchange = CurlExchange(
      limits: .init(
        connectMilliseconds: connectMilliseconds, totalMilliseconds: totalMilliseconds,
        maximumBytes: KeySet.maximumBytes),
      certificateAuthorities: certificateAuthorities)
  }

  /// The document at the issuer's URL.
  public func fetch(_ issuer: TrustedIssuer) async throws(KeySetFetchError) -> KeySetDocument {
    let answer: HTTPAnswer
    do throws(HTTPError) {
      answer = try await exchange.perform(
        HTTPRequest(.get, issuer.keysURL, fields: [.init("Accept", "application/json")]),
        allowsPrivateAddresses: issuer.allowsPrivateAddresses)
    } catch { throw .http(error) }
    guard answer.status == 200 else { throw .status(answer.status, retryAfter: answer.retryAfter) }
    return KeySetDocument(answer.body, maximumAge: answer.maximumAge.map { .seconds($0) })
  }
}
