import JSONText
import Testing

@testable import TokenVerification

@Suite("Key set")
struct KeySetTests {
  /// A document of one entry made from a good one.
  private func document(_ edit: (inout JSONObject) throws -> Void) throws -> [UInt8] {
    var entry = try goodEntry()
    try edit(&entry)
    return document([.object(entry)])
  }

  private func document(_ entries: [JSONValue]) -> [UInt8] {
    Array(JSONValue.object(JSONObject(["keys": .array(entries)])).text.utf8)
  }

  private func goodEntry() throws -> JSONObject {
    let document = try JSONValue(parsing: Array(Fixture.issuer.get().keySetDocument.utf8))
    return try #require(document.object?["keys"]?.array?.first?.object)
  }

  @Test("A published key set is read")
  func good() throws {
    let issuer = try Fixture.issuer.get()
    let set = try KeySet(parsing: Array(issuer.keySetDocument.utf8))
    #expect(set.count == 1)
    #expect(set.dropped.isEmpty)
    #expect(set[issuer.keyID]?.thumbprint == issuer.keyID)
    #expect(set["other"] == nil)
  }

  @Test(
    "J11: a key that cannot be used is dropped alone, with its reason",
    arguments: [
      ("kty", .string("EC"), .keyType), ("kty", nil, .keyType), ("kty", .number(JSONNumber(1)), .keyType),
      ("use", .string("enc"), .use), ("use", .number(JSONNumber(1)), .use),
      ("key_ops", .array([.string("encrypt")]), .operations), ("key_ops", .string("verify"), .operations),
      ("key_ops", .array([]), .operations),
      ("alg", .string("RS384"), .algorithm), ("alg", .string("PS256"), .algorithm),
      ("alg", .number(JSONNumber(256)), .algorithm),
      ("kid", nil, .keyID), ("kid", .null, .keyID), ("kid", .string(""), .keyID), ("kid", .string("a/b"), .keyID),
      ("n", nil, .malformed(member: "n")), ("n", .string("A==="), .malformed(member: "n")),
      ("n", .string(""), .size(bits: 0)), ("n", .number(JSONNumber(5)), .malformed(member: "n")),
      ("e", nil, .malformed(member: "e")), ("e", .string("AQ"), .exponent), ("e", .string("Aw"), .exponent),
      ("e", .string("AQAC"), .exponent), ("e", .string(""), .exponent), ("e", .string("AQABAA"), .exponent),
    ] as [(String, JSONValue?, KeyError)])
  func dropped(member: String, value: JSONValue?, defect: KeyError) throws {
    var bad = try goodEntry()
    bad[member] = value
    if member != "kid" { bad["kid"] = .string("bad") }
    let set = try KeySet(parsing: document([.object(bad), .object(try goodEntry())]))
    #expect(set.dropped == [KeySet.DroppedKey(index: 0, defect: defect)])
    #expect(set.keyIDs == [try Fixture.issuer.get().keyID])
  }

  @Test(
    "J11: what a key may say of itself",
    arguments: [
      ("use", nil), ("use", .string("sig")), ("alg", nil), ("alg", .string("RS256")), ("key_ops", nil),
      ("key_ops", .array([.string("verify")])), ("key_ops", .array([.string("sign"), .string("verify")])),
      ("x5t", .string("whatever")), ("use", .null), ("alg", .null), ("key_ops", .null), ("d", .null), ("k", .null),
    ] as [(String, JSONValue?)])
  func allowed(member: String, value: JSONValue?) throws {
    let set = try KeySet(parsing: document { $0[member] = value })
    #expect(set.count == 1)
  }

  @Test(
    "J11: only keys of 2,048 to 4,096 bits are taken",
    arguments: [(1_024, false), (2_047, false), (2_048, true), (4_096, true), (4_097, false), (16_384, false)])
  func size(bits: Int, isAccepted: Bool) {
    // Any odd number passes for a modulus here; whether it is one shows only when a signature is checked.
    var modulus = [UInt8](repeating: 0xAB, count: (bits + 7) / 8)
    modulus[0] = bits % 8 == 0 ? 0x80 : 1 << UInt8(bits % 8 - 1)
    let result = Result { () throws(KeyError) in try RSAPublicKey(modulus: modulus, exponent: [1, 0, 1]) }
    switch result {
    case .success(let key):
      #expect(isAccepted)
      #expect(key.modulusBytes == modulus.count)
    case .failure(let defect):
      #expect(!isAccepted)
      #expect(defect == .size(bits: bits))
    }
  }

  @Test("J11: an even modulus and one with the ROCA fingerprint are refused")
  func unsoundModuli() throws {
    var even = try Fixture.issuer.get().key.modulus
    even[even.count - 1] &= 0xFE
    #expect(throws: KeyError.evenModulus) { try RSAPublicKey(modulus: even, exponent: [1, 0, 1]) }
    // Powers of 65537 have the fingerprint by its definition; a published key that has it is among the vectors.
    #expect(ROCA.isFingerprint([1]))
    #expect(ROCA.isFingerprint([1, 0, 1]))
    #expect(ROCA.isFingerprint([1, 0, 2, 0, 1]))
    #expect(!ROCA.isFingerprint(try Fixture.issuer.get().key.modulus))
  }

  @Test("Leading zero bytes of a number count for nothing")
  func leadingZeros() throws {
    let issuer = try Fixture.issuer.get()
    let key = try RSAPublicKey(modulus: [0] + issuer.key.modulus, exponent: [0, 1, 0, 1])
    #expect(key.thumbprint == issuer.keyID)
    #expect(key.modulusBytes == 256)
  }

  @Test(
    "J11: a set that holds secrets is refused whole",
    arguments: ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
  func secrets(member: String) throws {
    var leaked = try goodEntry()
    leaked["kid"] = .string("leaked")
    leaked[member] = .string("AQAB")
    #expect(throws: KeySet.FormatError.holdsSecrets(index: 1)) {
      try KeySet(parsing: document([.object(goodEntry()), .object(leaked)]))
    }
  }

  @Test("A byte order mark before the document is passed over; one in it is not")
  func byteOrderMark() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let document = Array(try Fixture.issuer.get().keySetDocument.utf8)
    #expect(try KeySet(parsing: mark + document).count == 1)
    #expect(throws: KeySet.FormatError.self) { try KeySet(parsing: mark + mark + document) }
    #expect(throws: KeySet.FormatError.self) { try KeySet(parsing: document + mark) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: mark + document) }
  }

  @Test(
    "J11: of two keys of one id the one that can be used is taken, wherever it stands",
    arguments: [
      ("kty", .string("EC")), ("use", .string("enc")), ("alg", .string("RS512")),
      ("key_ops", .array([.string("sign")])),
      ("e", .string("Aw")),
    ] as [(String, JSONValue)], [true, false])
  func sharedKeyID(difference: (member: String, value: JSONValue), isFirst: Bool) throws {
    let good = try goodEntry()
    var other = good
    other[difference.member] = difference.value
    let entries = (isFirst ? [other, good] : [good, other]).map { JSONValue.object($0) }
    let set = try KeySet(parsing: document(entries))
    #expect(set.count == 1)
    #expect(set[try Fixture.issuer.get().keyID]?.thumbprint == (try Fixture.issuer.get().keyID))
    #expect(set.dropped.map(\.index) == [isFirst ? 0 : 1])
  }

  @Test("J11: a set with a symmetric key or two usable keys of one id is refused whole")
  func unsoundSets() throws {
    let entry = try goodEntry()
    #expect(throws: KeySet.FormatError.holdsSecrets(index: 0)) {
      try KeySet(parsing: document([.object(JSONObject(["kty": .string("oct")])), .object(entry)]))
    }
    #expect(throws: KeySet.FormatError.duplicateKeyID(index: 1)) {
      try KeySet(parsing: document([.object(entry), .object(entry)]))
    }
    var other = entry
    other["kty"] = .string("EC")
    #expect(throws: KeySet.FormatError.duplicateKeyID(index: 2)) {
      try KeySet(parsing: document([.object(entry), .object(other), .object(entry)]))
    }
  }

  @Test(
    "A document that is no key set is refused",
    arguments: ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":"x"}"#, "null", #"{"keys":[],"keys":[]}"#, "<html></html>"])
  func documents(text: String) {
    #expect(throws: KeySet.FormatError.self) { try KeySet(parsing: Array(text.utf8)) }
  }

  @Test("J20: at most 64 keys and 256 KB are read")
  func bounds() throws {
    let entry = JSONValue.object(JSONObject(["kty": .string("EC")]))
    #expect(try KeySet(parsing: document(Array(repeating: entry, count: 64))).dropped.count == 64)
    #expect(throws: KeySet.FormatError.tooManyKeys(65)) {
      try KeySet(parsing: document(Array(repeating: entry, count: 65)))
    }
    let space = [UInt8](repeating: 0x20, count: KeySet.maximumBytes)
    #expect(throws: KeySet.FormatError.tooLong(bytes: space.count + 1)) { try KeySet(parsing: space + [0x20]) }
  }

  @Test("J12: a signature counts only at exactly the modulus' length, unchanged, over the same bytes")
  func signatures() throws {
    let key = try Fixture.issuer.get().key
    let message = Array("message".utf8)
    let signature = try key.signature(of: message)
    #expect(key.publicKey.verifies(signature: signature, over: message[...]))
    #expect(!key.publicKey.verifies(signature: signature, over: message.dropLast()))
    #expect(!key.publicKey.verifies(signature: signature + [0], over: message[...]))
    #expect(!key.publicKey.verifies(signature: signature.dropLast(), over: message[...]))
    #expect(!key.publicKey.verifies(signature: [], over: message[...]))
    #expect(!key.publicKey.verifies(signature: key.modulus, over: message[...]))
    #expect(!key.publicKey.verifies(signature: [UInt8](repeating: 0, count: 256), over: message[...]))
    for bit in 0..<8 {
      var changed = signature
      changed[17] ^= 1 << bit
      #expect(!key.publicKey.verifies(signature: changed, over: message[...]))
    }
  }
}
