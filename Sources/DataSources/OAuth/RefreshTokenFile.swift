import Basics

/// Where a refresh token is kept. Webex may exchange it whenever it is used: the new one is on the disk before anything is
/// done with what came with it.
public struct RefreshTokenFile: Sendable, Hashable {
  /// The file's path. It holds the token and nothing else; mode 0600.
  public let path: String

  /// A file.
  public init(_ path: String) { self.path = path }

  /// The token; nil where there is no such file.
  func read() throws(FileError) -> String? {
    guard let bytes = try BoundedFile.readIfThere(path, maximum: 8_192, isSecret: true) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard text.count == 1, let token = text.first, OAuthGrant.isToken(String(token)) else {
      throw FileError(path, "does not hold a refresh token and nothing else")
    }
    return String(token)
  }

  /// Keeps a token, durably.
  func replace(_ token: String) throws(FileError) {
    try DurableFile.replace(path, Array((token + "\n").utf8))
  }

  /// Keeps other processes that use the same file away: two that refresh at once would each void the other's token.
  func lock() throws(FileError) -> FileLock { try FileLock(path + ".lock", seconds: 30) }
}
