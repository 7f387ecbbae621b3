public import JSONText

/// An issuer's signing keys: a JWK Set (RFC 7517 section 5) reduced to what may verify RS256.
///
/// A key that cannot be used is dropped alone; a `kid` may stand once more for such a key (RFC 7517 section 4.5). A set that
/// holds secrets (a symmetric key, a private member) or two usable keys of one id is refused whole: whoever publishes that
/// has lost control of more than one key. A member that is null counts as absent.
public struct KeySet: Sendable {
  /// The most entries a set may have.
  public static let maximumKeys = 64
  /// The longest document, in bytes.
  public static let maximumBytes = 256 * 1_024

  /// Why a document is refused whole.
  public enum FormatError: Error, Sendable, Hashable {
    case tooLong(bytes: Int)
    case notJSON(JSONError)
    /// Not an object with a `keys` array.
    case noKeys
    case tooManyKeys(Int)
    /// A symmetric key, or private numbers, at this index.
    case holdsSecrets(index: Int)
    /// The `kid` of an earlier entry that can be used as well, at this index.
    case duplicateKeyID(index: Int)
  }

  /// An entry that was dropped, and why.
  public struct DroppedKey: Sendable, Hashable {
    /// Its place in the document, from 0.
    public let index: Int
    /// What is wrong with it.
    public let defect: KeyError
  }

  /// The entries that were dropped.
  public let dropped: [DroppedKey]
  private let keys: [String: RSAPublicKey]

  /// How many usable keys there are.
  public var count: Int { keys.count }
  /// The ids of the usable keys, sorted.
  public var keyIDs: [String] { keys.keys.sorted() }

  /// A set of one key.
  public init(keyID: String, key: RSAPublicKey) {
    keys = [keyID: key]
    dropped = []
  }

  /// Reads a JWK Set document.
  public init(parsing document: [UInt8]) throws(FormatError) {
    guard document.count <= Self.maximumBytes else { throw .tooLong(bytes: document.count) }
    let value: JSONValue
    do { value = try JSONValue(parsing: JSONValue.withoutByteOrderMark(document)) } catch { throw .notJSON(error) }
    guard let entries = value.object?["keys"]?.array?.map(\.withoutNullMembers) else { throw .noKeys }
    guard entries.count <= Self.maximumKeys else { throw .tooManyKeys(entries.count) }
    try Self.refuseUnsound(entries)
    var keys: [String: RSAPublicKey] = [:]
    var dropped: [DroppedKey] = []
    for (index, entry) in entries.enumerated() {
      let (id, key): (String, RSAPublicKey)
      do throws(KeyError) { (id, key) = try Self.key(entry) } catch {
        dropped.append(DroppedKey(index: index, defect: error))
        continue
      }
      guard keys.updateValue(key, forKey: id) == nil else { throw .duplicateKeyID(index: index) }
    }
    self.keys = keys
    self.dropped = dropped
  }

  /// The key of this id, compared byte for byte (key ids are ASCII), if the set has it.
  public subscript(keyID: String) -> RSAPublicKey? { keys[keyID] }

  private static func refuseUnsound(_ entries: [JSONValue]) throws(FormatError) {
    let secrets = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
    for (index, entry) in entries.enumerated() {
      guard let members = entry.object else { continue }
      if members["kty"]?.string == "oct" || secrets.contains(where: { members[$0] != nil }) {
        throw .holdsSecrets(index: index)
      }
    }
  }

  private static func key(_ entry: JSONValue) throws(KeyError) -> (String, RSAPublicKey) {
    guard let members = entry.object else { throw .malformed(member: "kty") }
    guard members["kty"]?.string == "RSA" else { throw .keyType }
    guard let id = members["kid"]?.string, TokenHeader.isKeyID(id) else { throw .keyID }
    if let use = members["use"], use != .string("sig") { throw .use }
    if let operations = members["key_ops"] {
      guard operations.array?.contains(.string("verify")) == true else { throw .operations }
    }
    if let algorithm = members["alg"], algorithm != .string(TokenHeader.algorithm) { throw .algorithm }
    return (id, try RSAPublicKey(modulus: number("n", members), exponent: number("e", members)))
  }

  private static func number(_ name: String, _ members: JSONObject) throws(KeyError) -> [UInt8] {
    guard let text = members[name]?.string, let bytes = try? Base64URL.decode(text) else {
      throw .malformed(member: name)
    }
    return bytes
  }
}

extension KeySet.FormatError: CustomStringConvertible {
  /// What is wrong with the document.
  public var description: String {
    switch self {
    case .tooLong(let bytes): "the key set has \(bytes) bytes, more than \(KeySet.maximumBytes)"
    case .notJSON(let fault): "the key set is not strict JSON: \(fault)"
    case .noKeys: "the key set is not an object with a \"keys\" array"
    case .tooManyKeys(let count): "the key set has \(count) keys, more than \(KeySet.maximumKeys)"
    case .holdsSecrets(let index): "key \(index) of the set is symmetric or private"
    case .duplicateKeyID(let index):
      "key \(index) of the set can be used, and has the \"kid\" of an earlier one that can"
    }
  }
}
