import Basics

/// How a bot's server ends a call over REST: the one route of Twilio's API that unmodified clients of its Media Streams
/// call, `POST /2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}.json` with `Status=completed`.
public struct CallEnding: Sendable {
  /// What came of it.
  public enum Outcome: Sendable {
    /// The call is being ended.
    case completed
    /// There is no such call, or it is over.
    case unknown
    /// The token is not good for this call.
    case refused
  }

  /// Ends a call. Called on the server's thread; must not wait. The token is what was shown, or `nil` where it was the
  /// admin port's own, which is good for every call.
  public var complete: @Sendable (_ account: String, _ call: String, _ token: String?) -> Outcome

  /// A way to end calls.
  public init(complete: @escaping @Sendable (_ account: String, _ call: String, _ token: String?) -> Outcome) {
    self.complete = complete
  }

  /// The largest form that is read, in bytes.
  static let maximumForm = 4_096

  /// The ids in the route's path; `nil` for every other path.
  static func ids(in path: String) -> (account: String, call: String)? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0].isEmpty, parts[1] == "2010-04-01", parts[2] == "Accounts", parts[4] == "Calls",
      parts[5].hasSuffix(".json"), isID(parts[3]), isID(parts[5].dropLast(5))
    else { return nil }
    return (String(parts[3]), String(parts[5].dropLast(5)))
  }

  private static func isID(_ text: Substring) -> Bool {
    (1...64).contains(text.utf8.count) && text.isWord()
  }

  /// Whether a form asks for the end.
  static func asksForEnd(_ form: [UInt8]) -> Bool {
    form.split(separator: UInt8(ascii: "&")).contains { $0.elementsEqual("Status=completed".utf8) }
  }
}
