/// One method of a service.
public struct ServerMethod: Sendable {
  /// `/package.Service/Method`.
  public var path: String
  /// Bytes: a longer message ends its call; `nil` is the server's own limit.
  public var maximumMessageLength: Int?
  /// Makes the handler of a new call, on the call's loop, with nothing but the headers known. It may refuse at once
  /// with `ServerCall.finish(_:)` and return a `FinishedCallHandler`.
  public var accept: @Sendable (ServerCall) -> any CallHandler

  /// A method.
  public init(
    path: String, maximumMessageLength: Int? = nil, accept: @escaping @Sendable (ServerCall) -> any CallHandler
  ) {
    self.path = path
    self.maximumMessageLength = maximumMessageLength
    self.accept = accept
  }
}
