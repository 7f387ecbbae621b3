/// Words for a caller whose bot has failed, in the voice that is in the binary, where the configuration has none.
package enum FallbackVoice {
  /// A sentence of about four seconds, as mu-law at 8,000 Hz: that the caller is handed to a human, or is to call again.
  /// Throws ``EngineError`` only where the binary was built with broken prompts.
  package static func sentence(endsCall: Bool) throws(EngineError) -> [UInt8] {
    try DemoVoice().audio(endsCall ? .sorryEnd : .sorryTransfer)
  }
}
