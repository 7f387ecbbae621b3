/// One method of a service.
public struct ServerMethod: Sendable {
  /// `/package.Service/Method`.
  public var path: String
  /// Makes the handler of a new call, on the call's loop, with nothing but the headers known. It may refuse at once
  /// with `ServerCall.finish(_:)` and return a `FinishedCallHandler`.
  public var accept: @Sendable (ServerCall) -> any CallHandler

  /// A method.
  public init(path: String, accept: @escaping @Sendable (ServerCall) -> any CallHandler) {
    self.path = path
    self.accept = accept
  }
}
