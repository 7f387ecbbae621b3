package import CWebexSchemas

/// An entry of a `map<string, string>`: protobuf-c generates a type for each map.
package protocol TextEntry {
  // As C's members are imported.
  // swift-format-ignore: NeverUseImplicitlyUnwrappedOptionals
  var key: UnsafeMutablePointer<CChar>! { get set }
  // swift-format-ignore: NeverUseImplicitlyUnwrappedOptionals
  var value: UnsafeMutablePointer<CChar>! { get set }
}

extension Webex__Voice__VoiceVARequest__AdditionalInfoEntry: TextEntry {}
extension Webex__Voice__VirtualAgentInfo__AttributesEntry: TextEntry {}
extension Webex__Forking__ConversationAudioForkingRequest__AdditionalInfoEntry: TextEntry {}
extension Patchbay__Bot__CallInfo__AdditionalInfoEntry: TextEntry {}

extension [String: String] {
  /// The entries of a map that was read; of two with one key, the last.
  package init<Entry: TextEntry>(_ entries: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, count: Int) {
    self.init()
    for case let entry? in UnsafeBufferPointer(start: entries, count: count) {
      self[BorrowedText(entry.pointee.key).string] = BorrowedText(entry.pointee.value).string
    }
  }
}
