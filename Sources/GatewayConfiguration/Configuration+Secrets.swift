public import Secrets

extension Configuration.Admin {
  /// Bytes that the token has at least where the port can be reached from other machines.
  public static let leastTokenLength = 16

  /// What clients of the port have to show, read now; `nil` where nothing is asked for.
  public func readToken(environment: [String: String]) throws(Secret.ReadingError) -> String? {
    guard let token else { return nil }
    let text = try token.read(environment: environment)
    guard address.isLoopback || text.utf8.count >= Self.leastTokenLength else {
      throw Secret.ReadingError(
        "the admin port's token in \(token) has \(text.utf8.count) bytes, and anybody who reaches "
          + "\(address) could guess it; write one of at least \(Self.leastTokenLength), as `openssl rand -hex 32` "
          + "makes, or listen on \(Self.defaultAddress)")
    }
    return text
  }
}
