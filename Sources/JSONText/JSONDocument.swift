/// A JSON text (RFC 8259), taken apart and not copied: what a message that carries audio needs read costs one pass and
/// one allocation.
///
/// Bounded in depth and in the number of its values. Strings are decoded only when asked for; whether what stands in
/// them is checked when the text is read is a matter of the ``Rules``.
package struct JSONDocument: Sendable {
  /// What a text may be.
  package struct Rules: Sendable {
    /// How deep arrays and objects may nest.
    package var maximumDepth: Int
    /// How many values a text may hold, arrays and objects included, the names of members not.
    package var maximumValues: Int
    /// Whether strings are held to be UTF-8 with escapes that mean something, and without U+0000. Otherwise a character
    /// that cannot be had becomes U+FFFD.
    package var checksStrings = false

    /// Those of messages: they are read for each frame of audio.
    package static let message = Rules(maximumDepth: 32, maximumValues: 8_192)
  }

  package enum Kind: UInt8 {
    case object, array, string, escapedString, number, yes, no, null
  }

  /// A value, or a member's name; the nodes of a container follow it in order.
  struct Node {
    var kind: Kind
    /// The bytes of the value; without the quotes of a string.
    var start: Int
    var end: Int
    /// The node after this value and all within it.
    var next: Int
  }

  let bytes: [UInt8]
  let nodes: [Node]

  /// Reads a text whole.
  package init(_ bytes: [UInt8], _ rules: Rules = .message) throws(JSONError) {
    self.bytes = bytes
    let nodes = bytes.withUnsafeBufferPointer { bytes -> Result<[Node], JSONError> in
      do throws(JSONError) {
        var reader = JSONReader(bytes, rules)
        try reader.read()
        return .success(reader.nodes)
      } catch { return .failure(error) }
    }
    self.nodes = try nodes.get()
  }

  /// The outermost value.
  package var root: JSONElement { JSONElement(document: self, index: 0) }
}
