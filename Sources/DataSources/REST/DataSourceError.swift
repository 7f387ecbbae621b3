public import HTTPFetching

/// Why a request of the data source interface failed, and what to do about it.
public struct DataSourceError: Error, Sendable, Hashable {
  /// The kinds of failure.
  public enum Reason: Sendable, Hashable {
    /// 401: the access token is not taken.
    case unauthorized
    /// 403: the access token may not do this; the scope it needs.
    case forbidden(scope: String)
    /// 403: the URL lies in none of the domains that Webex knows of the Service App.
    case foreignDomain
    /// 404: there is no such thing.
    case notFound
    /// 409: it clashes with what is there.
    case conflict
    /// 400, 422 and other answers that blame the request.
    case rejected(status: Int)
    /// 429.
    case tooManyRequests
    /// 5xx.
    case server(status: Int)
    /// An answer that should not occur, such as a redirect.
    case unexpected(status: Int)
    /// No answer in time.
    case timeout
    /// No answer at all.
    case unreachable(HTTPError)
    /// An answer that is not what it has to be; where in it, and what was wrong.
    case garbage(String)
    /// The URL's host is in none of the Service App's domains. Nothing was sent.
    case outsideDomains(host: String, domains: [String])
    /// There is no access token to be had; why, and what to do.
    case credentials(String)
  }

  /// The request, as in `PUT /dataSources/…`.
  public let call: String
  /// What kind of failure it is.
  public let reason: Reason
  /// What the service said of it, in one line; empty if nothing.
  public let detail: String
  /// The seconds that the service asks to wait.
  public let retryAfter: Int?

  /// A failure.
  public init(call: String, _ reason: Reason, detail: String = "", retryAfter: Int? = nil) {
    self.call = call
    self.reason = reason
    self.detail = detail
    self.retryAfter = retryAfter
  }

  /// A word for metrics, from a bounded set.
  public var kind: String {
    switch reason {
    case .unauthorized: "unauthorized"
    case .forbidden: "forbidden"
    case .foreignDomain: "foreign_domain"
    case .notFound: "not_found"
    case .conflict: "conflict"
    case .rejected: "rejected"
    case .tooManyRequests: "too_many_requests"
    case .server: "server"
    case .unexpected: "unexpected"
    case .timeout: "timeout"
    case .unreachable: "unreachable"
    case .garbage: "garbage"
    case .outsideDomains: "outside_domains"
    case .credentials: "credentials"
    }
  }

  /// Whether the same request may succeed later without anybody changing anything.
  public var isTransient: Bool {
    switch reason {
    case .tooManyRequests, .server, .timeout, .unreachable, .garbage, .notFound, .conflict: true
    case .unauthorized, .forbidden, .foreignDomain, .rejected, .unexpected, .outsideDomains, .credentials: false
    }
  }
}

extension DataSourceError: CustomStringConvertible {
  /// What failed, why, and what to do.
  public var description: String {
    let said = detail.isEmpty ? "" : " (it says: \(detail))"
    return "\(call): \(explanation)\(said)\(advice.map { "; \($0)" } ?? "")"
  }

  private var explanation: String {
    switch reason {
    case .unauthorized: "401, the access token is not accepted"
    case .forbidden(let scope): "403, the access token lacks the scope \(scope)"
    case .foreignDomain: "403, the URL lies in none of the Service App's domains"
    case .notFound: "404, there is no such thing in this organization"
    case .conflict: "409, it clashes with what is registered already"
    case .rejected(let status): "\(status), the request is refused"
    case .tooManyRequests: "429, too many requests" + (retryAfter.map { ", to be tried again after \($0) s" } ?? "")
    case .server(let status): "\(status), the service has failed"
    case .unexpected(let status): "\(status), an answer that is not expected"
    case .timeout: "no answer in time"
    case .unreachable(let failure): "\(failure)"
    case .garbage(let fault): "the answer cannot be understood: \(fault)"
    case .outsideDomains(let host, let domains):
      "\(host) is in none of the Service App's domains (\(domains.joined(separator: ", "))), nothing was sent"
    case .credentials(let fault): fault
    }
  }

  private var advice: String? {
    switch reason {
    case .unauthorized:
      "authorize the Service App for this organization in Control Hub, and store the refresh token that it then shows"
    case .forbidden(let scope):
      "add \(scope) to the Service App on developer.webex.com, and let an administrator authorize the app again"
    case .notFound: "see `patchbay datasource list` for what is there"
    case .conflict: "see `patchbay datasource list` for the one with the same schema and URL"
    case .rejected: "compare schema, url, audience, subject and lifetime with what the Service App may register"
    case .unexpected: "check data_sources.base_url"
    case .foreignDomain:
      "add the domain to the Service App's data exchange domains, or correct the URL"
    case .outsideDomains:
      "add the domain to the Service App's data exchange domains and to data_sources.domains, or correct the URL"
    case .unreachable(.tls): "check data_sources.base_url and this system's certificate authorities"
    case .unreachable(.refusedAddress): "check data_sources.base_url and this system's name resolution"
    case .tooManyRequests, .server, .timeout, .unreachable, .garbage, .credentials: nil
    }
  }
}
