import Foundation
import JSONText
import Testing

@testable import TokenVerification

/// Project Wycheproof's vectors (C2SP/wycheproof, testvectors_v1), from the folder that `TEST_VECTORS` names.
enum Wycheproof {
  static let folder = ProcessInfo.processInfo.environment["TEST_VECTORS"].map { $0 + "/jose/" }

  struct File: Decodable {
    var testGroups: [Group]
  }
  struct Group: Decodable {
    var comment: String
    var `public`: JSON?
    var `private`: JSON?
    var tests: [Case]
    /// The key or key set that a verifier gets.
    var key: JSONObject { get throws { try #require((`public` ?? `private`)?.value.object) } }
  }
  struct Case: Decodable {
    var tcId: Int
    var comment: String
    var jws: JSON
    var result: String
    /// The token, if it is a text at all.
    var token: String? { jws.value.string }
  }
  /// Any JSON, in the form of our own reader.
  struct JSON: Decodable {
    var value: JSONValue
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        value = .string(text)
      } else if let list = try? container.decode([JSON].self) {
        value = .array(list.map(\.value))
      } else if let members = try? container.decode([String: JSON].self) {
        var object = JSONObject([:])
        for (name, member) in members { object[name] = member.value }
        value = .object(object)
      } else {
        value = .null
      }
    }
  }

  static func groups(_ file: String) throws -> [Group] {
    let data = try Data(contentsOf: URL(fileURLWithPath: try #require(folder) + file))
    return try JSONDecoder().decode(File.self, from: data).testGroups
  }

  /// Whether a verifier with this key set takes the token, by the steps of `TokenVerifier` up to the signature.
  static func accepts(_ token: String, keySet: [UInt8]) -> Bool {
    guard let compact = try? CompactToken(Array(token.utf8)), let header = try? TokenHeader(compact.header),
      let keys = try? KeySet(parsing: keySet), let key = keys[header.keyID]
    else { return false }
    return key.verifies(signature: compact.signature, over: compact.signingInput)
  }

  static func document(_ keys: [JSONValue]) -> [UInt8] {
    Array(JSONValue.object(JSONObject(["keys": .array(keys)])).text.utf8)
  }
}

@Suite("Wycheproof", .enabled(if: Wycheproof.folder != nil, "TEST_VECTORS names no folder"))
struct WycheproofTests {
  /// Published as valid, and refused by rules of ours: an empty payload (J3), key ids with "@" (J9).
  static let stricter: Set<Int> = [259, 345, 349]

  @Test("J6, J12: all RS256 vectors as published; every other algorithm is refused")
  func signatures() throws {
    var counts: [String: Int] = [:]
    for group in try Wycheproof.groups("json_web_signature_test.json") {
      let key = try group.key
      let isRS256 = key["alg"] == .string("RS256")
      let document = Wycheproof.document([.object(key)])
      for test in group.tests {
        let isAccepted = test.token.map { Wycheproof.accepts($0, keySet: document) } ?? false
        let isExpected = isRS256 && test.result == "valid" && !Self.stricter.contains(test.tcId)
        #expect(isAccepted == isExpected, "test \(test.tcId), \(test.comment)")
        counts[isRS256 ? "RS256" : "other", default: 0] += 1
        if isAccepted { counts["accepted", default: 0] += 1 }
      }
    }
    #expect(counts == ["RS256": 233, "other": 168, "accepted": 5])
  }

  @Test("J12: the valid RS256 vectors that stricter rules refuse have good signatures all the same")
  func stricterRules() throws {
    var seen: Set<Int> = []
    for group in try Wycheproof.groups("json_web_signature_test.json") {
      for test in group.tests where Self.stricter.contains(test.tcId) {
        let text = try #require(test.token)
        let segments = text.split(separator: ".", omittingEmptySubsequences: false)
        let key = try RSAPublicKey(
          modulus: Base64URL.decode(#require(try group.key["n"]?.string)),
          exponent: Base64URL.decode(#require(try group.key["e"]?.string)))
        let signature = try Base64URL.decode(String(try #require(segments.last)))
        #expect(key.verifies(signature: signature, over: Array("\(segments[0]).\(segments[1])".utf8)[...]))
        seen.insert(test.tcId)
      }
    }
    #expect(seen == Self.stricter)
  }

  @Test("J11: the key set vectors; of those published as valid only RS256")
  func keySets() throws {
    var count = 0
    for group in try Wycheproof.groups("json_web_key_test.json") {
      let document = Array(JSONValue.object(try group.key).text.utf8)
      for test in group.tests {
        let isAccepted = Wycheproof.accepts(try #require(test.token), keySet: document)
        // The other valid ones are symmetric keys, which no key set of ours may hold.
        #expect(isAccepted == (test.tcId == 5), "test \(test.tcId), \(test.comment)")
        count += 1
      }
    }
    #expect(count == 26)
  }

  @Test("J11: each unsound key is found by its own check")
  func unsoundKeys() throws {
    let expected: [Int: KeyError] = [6: .use, 7: .roca, 8: .size(bits: 1_024), 9: .exponent]
    for group in try Wycheproof.groups("json_web_key_test.json") {
      for test in group.tests {
        guard let defect = expected[test.tcId] else { continue }
        let set = try KeySet(parsing: Array(JSONValue.object(try group.key).text.utf8))
        #expect(set.dropped == [KeySet.DroppedKey(index: 0, defect: defect)], "test \(test.tcId)")
      }
    }
  }
}
