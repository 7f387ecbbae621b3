// A libFuzzer target: what a bot sends as JSON, and what is written of it. Built and run by Scripts/fuzz.

import BotEngine
@testable import JSONText

/// libFuzzer calls this for every input: one text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSONDocument(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  guard let document = try? JSONDocument(bytes) else { return 0 }
  look(at: document.root, depth: 0)

  // What is read and written is the same when it is read again.
  let value = BotValue(document.root)
  var writer = JSONWriter()
  writer.value(value)
  guard let again = try? JSONDocument(writer.bytes) else { fatalError("what was written is not read") }
  precondition(BotValue(again.root) == value)
  return 0
}

/// Asks for all that can be asked of a value, whatever it is.
private func look(at element: JSONElement, depth: Int) {
  precondition(depth <= JSONDocument.Rules.message.maximumDepth)
  _ = element["type"]?.string
  _ = element.isString("media")
  _ = element.int
  _ = element.bool
  if let bytes = element.base64 { precondition(bytes.count <= element.plainBytes?.count ?? .max) }
  if let number = element.wholeNumber { precondition((0...999_999_999_999_999).contains(number)) }
  let members = element.members
  for member in members { look(at: member.value, depth: depth + 1) }
  if members.isEmpty {
    for child in element.elements { look(at: child, depth: depth + 1) }
  }
}
