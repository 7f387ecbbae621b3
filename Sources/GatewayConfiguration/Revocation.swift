import Basics
public import TokenVerification
public import YAMLReading

extension Configuration {
  /// An entry of `identity.revoked`, or a line of the file.
  public typealias Revocation = ClaimPolicy.RevokedNonce
}

extension Configuration.Revocation {
  /// Bytes a file of revocations may have.
  public static let maximumFileSize = 16 << 20
  /// Bytes a nonce may have, as any claim.
  static let maximumNonce = 512

  /// What is revoked, from a file with `ORG NONCE` on each line; empty lines and those that begin with `#` say nothing.
  ///
  /// - Throws: everything that is wrong, with its line; nothing of such a file is to be used.
  public static func read(file: String) throws(ConfigurationError) -> Set<Self> {
    let bytes = try ConfigurationError.read(
      file, maximum: maximumFileSize, allowsPipes: true, write: "give the path of a file",
      shorten: "drop what has expired")
    return try parse(bytes, file: file)
  }

  static func parse(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> Set<Self> {
    var found: Set<Self> = []
    var problems: [ConfigurationProblem] = []
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where problems.count < Reading.maximumProblems {
      guard let text = String(validating: line, as: UTF8.self) else {
        problems.append(.init(.file(file, line: index + 1, column: 1), "this is not UTF-8", "save the file as UTF-8"))
        continue
      }
      let words = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      guard words.count == 2, let revocation = Self(organization: String(first), text: String(words[1])) else {
        problems.append(
          .init(
            .file(file, line: index + 1, column: 1), "this is no revocation",
            "write the organization's UUID, a space and the nonce, as in ce861fba-6e2f-49f9-9a84-b354008fac9e a1b2c3"))
        continue
      }
      found.insert(revocation)
    }
    guard problems.isEmpty else { throw ConfigurationError(problems) }
    return found
  }

  /// A revocation from texts as a person writes them; `nil` where the organization is no UUID, or the nonce could not be
  /// one.
  public init?(organization: String, text nonce: String) {
    let nonce = nonce.trimmed()
    guard Section.isUUID(organization), (1...Self.maximumNonce).contains(nonce.utf8.count),
      !nonce.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return nil }
    self.init(organization: organization.lowercased(), nonce: nonce)
  }

  /// The line of a file that says so.
  public var line: String { "\(organization) \(nonce)" }

  /// Reports what is wrong in a file of revocations.
  static func check(file: String, _ reading: Reading) {
    do throws(ConfigurationError) { _ = try read(file: file) } catch {
      for problem in error.problems { reading.report(problem.place, problem.message, problem.remedy) }
    }
  }
}

extension Configuration.Revocation: KeyGroup {
  static var keys: [Key<Self>] {
    Key("org", \.organization, .uuid, "The organization's UUID.", required: .yes)
    Key(
      "nonce", \.nonce, .text(maximumNonce, isMasked: true), "The refused nonce; not printed.", required: .yes)
  }

  init() { self.init(organization: "", nonce: "") }
}
