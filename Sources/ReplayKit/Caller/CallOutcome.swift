import GRPCTransport

/// How a call ended.
public enum CallOutcome: Sendable, Equatable {
  /// The caller hung up.
  case hungUp
  /// The server ended the call.
  case ended
  /// The server handed the caller to a human agent.
  case transferred(summary: String?)
  /// The caller was gone without a word, as planned.
  case vanished
  /// Something failed.
  case failed(CallError)
}

/// Why a call failed.
public struct CallError: Error, Sendable, Equatable {
  /// What went wrong.
  public enum Reason: Sendable, Equatable {
    /// An RPC ended with this gRPC status.
    case status(code: Int, message: String)
    /// Nothing came for ``CallerSettings/patience``.
    case noAnswer
    /// An RPC was completed without the answer that the caller waited for.
    case completedWithoutAnswer
    /// An RPC was not completed after all had been said on it.
    case notCompleted
    /// A response could not be read.
    case unreadable(String)
  }

  /// What went wrong.
  public var reason: Reason
  /// What the caller was doing.
  public var during: RPCPurpose

  /// A failure.
  public init(_ reason: Reason, during: RPCPurpose) {
    self.reason = reason
    self.during = during
  }
}

extension CallError {
  /// Whether another call with the same token to the same server would be refused in the same way.
  public var isPermanent: Bool {
    guard case .status(let code, _) = reason else { return false }
    // INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED.
    return [3, 5, 7, 12, 16].contains(code)
  }
}

extension CallError: CustomStringConvertible {
  /// What went wrong, in a line.
  public var description: String {
    switch reason {
    case .status(let code, let message):
      "\(during) ended with \(Self.statusName(code))\(message.isEmpty ? "" : ": \(message)")"
    case .noAnswer: "\(during): the server did not answer in time"
    case .completedWithoutAnswer: "\(during): the server completed the RPC without an answer"
    case .notCompleted: "\(during): the server did not complete the RPC"
    case .unreadable(let why): "\(during): a response could not be read: \(why)"
    }
  }
}

/// What an RPC is opened for.
public enum RPCPurpose: String, Sendable, CustomStringConvertible {
  /// `SESSION_START`
  case sessionStart = "SESSION_START"
  /// Caller audio.
  case audio = "the audio RPC"
  /// `START_OF_DTMF`
  case startOfDTMF = "START_OF_DTMF"
  /// `dtmf_input`
  case digits = "the digits"
  /// `NO_INPUT`
  case noInput = "NO_INPUT"
  /// `CUSTOM_EVENT`
  case custom = "CUSTOM_EVENT"
  /// `SESSION_END`: the caller hung up.
  case sessionEnd = "SESSION_END"

  /// For messages.
  public var description: String { rawValue }
}

extension CallError {
  /// The name of one of gRPC's status codes.
  static func statusName(_ code: Int) -> String {
    Int32(exactly: code).flatMap(RPCStatus.Code.init)?.description ?? "status \(code)"
  }
}
