/// Why a command has no answer.
public enum RedisError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There was no answer within the command's time. It may have been carried out, or be carried out later.
  case timeout
  /// As many commands are unanswered as may be: this one was not sent.
  case full
  /// There is no connection, for this reason: the command was not sent.
  case unreachable(String)
  /// The connection broke, for this reason, before the answer. The command may have been carried out.
  case lost(String)
  /// The server refuses the command, in its words, which begin with a code.
  case refused(String)
  /// The key is at another server of a Redis Cluster, which is not supported.
  case moved(to: String)
  /// The answer is not one that this command has.
  case unexpected(String)
  /// The connection was closed by its owner.
  case closed

  /// What a refusal means: `MOVED 3999 10.0.0.1:6381`, `ERR unknown command`.
  init(refusal: String) {
    let words = refusal.split(separator: " ", maxSplits: 2)
    if words.count == 3, words[0] == "MOVED" || words[0] == "ASK" {
      self = .moved(to: String(words[2]))
    } else {
      self = .refused(String(refusal.prefix(300)))
    }
  }

  /// Whether a script is to be sent whole, since the server does not have it.
  var isUnknownScript: Bool { if case .refused(let text) = self { text.hasPrefix("NOSCRIPT") } else { false } }

  /// Whether the server can be of use no more: it has become a copy of another, which takes no writing.
  var isDemotion: Bool { if case .refused(let text) = self { text.hasPrefix("READONLY") } else { false } }

  /// A clause whose subject is Redis.
  public var description: String {
    switch self {
    case .timeout: "Redis does not answer in time"
    case .full: "Redis is slow: as many commands are unanswered as may be"
    case .unreachable(let reason): "Redis is not reachable: \(reason)"
    case .lost(let reason): "the connection to Redis was lost: \(reason)"
    case .refused(let text): "Redis refuses a command: \(text)"
    case .moved(let place):
      "Redis is a cluster and has the key at \(place): clusters are not supported, name a server that is in none"
    case .unexpected(let what): "Redis answers \(what)"
    case .closed: "the connection to Redis is closed"
    }
  }
}
