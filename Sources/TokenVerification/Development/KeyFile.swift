import Basics
import Glibc

extension DevelopmentIssuer {
  /// An issuer with the key of a PEM file, which nobody but its owner may read.
  public init(keyFile path: String, issuer: String = Self.defaultIssuer) throws(SigningKeyError) {
    let pem: [UInt8]
    do throws(FileError) { pem = try BoundedFile.read(path, maximum: 16_384, isSecret: true) } catch {
      throw .file(error)
    }
    self.init(issuer: issuer, key: try RSAPrivateKey(pem: pem))
  }

  /// An issuer with the key of a PEM file, which is made first if it is not there. Two processes that do this at once
  /// end up with one key.
  public init(creatingKeyFile path: String, issuer: String = Self.defaultIssuer) throws(SigningKeyError) {
    do throws(SigningKeyError) {
      try self.init(keyFile: path, issuer: issuer)
    } catch .file(let error) where error.isErrno(ENOENT) {
      try self.init(issuer: issuer)
      do throws(SigningKeyError) {
        try write(path, DurableFile.create)
      } catch .file(let error) where error.isErrno(EEXIST) {
        try self.init(keyFile: path, issuer: issuer)
      }
    }
  }

  /// Writes the key as a PEM file of mode 0600, replacing what is there, in one step.
  public func save(keyFile path: String) throws(SigningKeyError) { try write(path, DurableFile.replace) }

  private func write(_ path: String, _ write: (String, [UInt8]) throws(FileError) -> Void) throws(SigningKeyError) {
    let pem = try key.pem()
    do throws(FileError) { try write(path, pem) } catch { throw .file(error) }
  }
}
