import JSONText
import TokenVerification

/// Something that goes wrong on command, for requests of a path.
public struct StandInFault: Sendable, Hashable {
  /// What goes wrong.
  public enum Kind: Sendable, Hashable {
    /// This status instead of an answer, with a `Retry-After` if one is given.
    case status(Int, retryAfter: Int?)
    /// The true answer, this late.
    case slow(Duration)
    /// 200, and a body that is no JSON.
    case garbage
    /// No answer, for a minute.
    case hang
    /// The connection is closed before anything is done.
    case closed
    /// The request is carried out, and its answer is lost.
    case lost
  }

  /// The beginning of the paths that it is for; `/` for all.
  public var path: String
  /// The method that it is for; nil for all.
  public var method: String?
  /// What goes wrong.
  public var kind: Kind
  /// How many requests it is for; nil until it is cleared.
  public var times: Int?
  /// How many requests go well before.
  public var after: Int

  /// A fault.
  public init(path: String = "/", method: String? = nil, kind: Kind, times: Int? = nil, after: Int = 0) {
    self.path = path
    self.method = method
    self.kind = kind
    self.times = times
    self.after = after
  }

  /// Whether it is for this request. Counts the request if it is.
  mutating func strikes(_ method: String, _ path: String) -> Bool {
    guard path.hasPrefix(self.path), self.method == nil || self.method == method else { return false }
    guard after == 0 else {
      after -= 1
      return false
    }
    guard let times else { return true }
    guard times > 0 else { return false }
    self.times = times - 1
    return true
  }
}

extension StandInFault {
  /// Reads a fault from a control request:
  /// `{"path": "/dataSources", "method": "PUT", "kind": "status", "status": 429, "retryAfter": 5, "times": 2, "after": 0}`.
  /// Kinds: `status`, `slow` (with `seconds`), `garbage`, `hang`, `closed`, `lost`.
  init(_ members: JSONObject) throws(StandInError) {
    func number(_ name: String) throws(StandInError) -> Int? {
      guard let value = members[name] else { return nil }
      guard case .number(let number) = value, let whole = number.wholeValue, whole <= 86_400 else {
        throw .badRequest("\(name) must be a whole number up to 86400")
      }
      return Int(whole)
    }
    self.init(
      path: members["path"]?.string ?? "/", method: members["method"]?.string, kind: .garbage,
      times: try number("times"), after: try number("after") ?? 0)
    switch members["kind"]?.string {
    case "status":
      guard let status = try number("status"), (300...599).contains(status) else {
        throw .badRequest("status must be from 300 to 599")
      }
      kind = .status(status, retryAfter: try number("retryAfter"))
    case "slow": kind = .slow(.seconds(try number("seconds") ?? 10))
    case "garbage": kind = .garbage
    case "hang": kind = .hang
    case "closed": kind = .closed
    case "lost": kind = .lost
    default: throw .badRequest("kind must be status, slow, garbage, hang, closed or lost")
    }
  }
}
