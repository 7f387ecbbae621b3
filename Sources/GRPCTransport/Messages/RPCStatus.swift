/// How an RPC ended (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
public struct RPCStatus: Error, Sendable, Hashable, CustomStringConvertible {
  /// The seventeen status codes of gRPC.
  public enum Code: Int32, Sendable, CaseIterable, CustomStringConvertible {
    /// Success.
    case ok = 0
    /// Cancelled, usually by the caller.
    case cancelled = 1
    /// An error that nobody classified, or a code that gRPC does not define.
    case unknown = 2
    /// The request is wrong whatever the state of the system.
    case invalidArgument = 3
    /// The deadline passed first.
    case deadlineExceeded = 4
    /// The thing asked for does not exist.
    case notFound = 5
    /// The thing to be made exists.
    case alreadyExists = 6
    /// The caller is known and may not do this.
    case permissionDenied = 7
    /// A limit or a quota is used up.
    case resourceExhausted = 8
    /// The system is not in a state to do this.
    case failedPrecondition = 9
    /// A conflict, such as a lost race.
    case aborted = 10
    /// Past the end of a valid range.
    case outOfRange = 11
    /// No such method, or not supported.
    case unimplemented = 12
    /// An invariant broke.
    case `internal` = 13
    /// Not now; trying again may help.
    case unavailable = 14
    /// Data is lost.
    case dataLoss = 15
    /// No valid credentials.
    case unauthenticated = 16

    /// The name on the wire's documents, `INVALID_ARGUMENT`.
    public var description: String { Self.names[Int(rawValue)] }

    private static let names = [
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
      "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
      "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]
  }

  /// What kind of end it was.
  public var code: Code
  /// For people; goes to the other side, so nothing secret.
  public var message: String
  /// Made here, because the connection was lost or could not be made; `message` then says why in our own words.
  public var isOfConnection = false

  /// A status.
  public init(_ code: Code, _ message: String = "") {
    self.code = code
    self.message = message
  }

  /// A status.
  public init(code: Code, message: String = "") { self.init(code, message) }

  /// Success.
  public static let ok = RPCStatus(.ok)

  /// Whether the RPC succeeded.
  public var isOK: Bool { code == .ok }

  /// `NOT_FOUND: no such agent`.
  public var description: String { message.isEmpty ? code.description : "\(code): \(message)" }
}
