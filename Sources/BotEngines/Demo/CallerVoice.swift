/// Words for a caller who is not there: short sentences out of the demo's prompts, in the voice that is in the binary.
package enum CallerVoice {
  /// A sentence of about two seconds, as mu-law at 8,000 Hz. Throws ``EngineError`` only where the binary was built with
  /// broken prompts.
  package static func sentence() throws(EngineError) -> [UInt8] { try DemoVoice().audio(.eventReceived) }
}
