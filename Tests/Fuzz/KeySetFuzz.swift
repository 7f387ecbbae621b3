// A libFuzzer target: bytes as a key set document, and as the URL of one.

import HTTPFetching
@testable import TokenVerification

/// One input of libFuzzer's: taken as a document and as a URL.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKeySet(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  if let set = try? KeySet(parsing: bytes) {
    precondition(set.count + set.dropped.count <= KeySet.maximumKeys)
    for id in set.keyIDs {
      guard let key = set[id] else { fatalError("a key without its id") }
      precondition((256...512).contains(key.modulusBytes))
      precondition(!key.verifies(signature: [UInt8](repeating: 0, count: key.modulusBytes), over: bytes[...]))
    }
  }
  let text = String(decoding: bytes, as: UTF8.self)
  if let issuer = try? TrustedIssuer(issuer: "https://issuer.example", keysURL: text) {
    precondition(issuer.keysURL.utf8.allSatisfy { (0x21...0x7E).contains($0) })
    // Plain http leads nowhere but to this machine.
    if FetchURL.isPlaintext(text) {
      let lower = text.lowercased()
      precondition(
        ["http://localhost", "http://127.", "http://[", "http:///"].contains { lower.hasPrefix($0) }
          || lower.contains("127"))
    }
  }
  return 0
}
