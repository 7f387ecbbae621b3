import Basics
import HTTPFetching
import JSONText
import TokenVerification

/// What an answer's status means.
enum AnswerStatus {
  /// The body of an answer that says yes, or the failure of one that does not.
  static func body(_ answer: HTTPAnswer, of call: String, scope: String) throws(DataSourceError) -> [UInt8] {
    let reason: DataSourceError.Reason
    switch answer.status {
    case 200, 201, 202, 204: return answer.body
    case 401: reason = .unauthorized
    case 403:
      // The one other thing that Webex forbids, and says so.
      let isDomain = detail(answer.body).lowercased().contains("domain")
      reason = isDomain ? .foreignDomain : .forbidden(scope: scope)
    case 404: reason = .notFound
    case 409: reason = .conflict
    case 429: reason = .tooManyRequests
    case 400..<500: reason = .rejected(status: answer.status)
    case 500..<600: reason = .server(status: answer.status)
    default: reason = .unexpected(status: answer.status)
    }
    throw DataSourceError(call: call, reason, detail: detail(answer.body), retryAfter: answer.retryAfter)
  }

  /// What the service says of a failure, for people: its `message`, the descriptions in `errors`, and the tracking id that
  /// its support asks for. One line of at most 300 characters.
  static func detail(_ body: [UInt8]) -> String {
    guard body.count <= 65_536, let object = try? JSONValue(parsing: JSONValue.withoutByteOrderMark(body)).object else {
      return ""
    }
    var texts: [String] = []
    for name in ["message", "error", "error_description"] {
      if let text = object[name]?.string { texts.append(text) }
    }
    for error in object["errors"]?.array?.prefix(8) ?? [] {
      if let text = error.object?["description"]?.string, !texts.contains(text) { texts.append(text) }
    }
    if let tracking = object["trackingId"]?.string { texts.append("tracking id \(tracking)") }
    return texts.joined(separator: ", ").readable(most: 300) { _ in " " }
  }
}
