/// Kinds of audio files that begin with a mark of their own and are not read: to be named rather than taken for something
/// else.
public enum AudioFileKind {
  /// What the bytes begin as, with what to do about it; `nil` where it is a WAV file or nothing that is known.
  ///
  /// Marks of fewer than three bytes are not looked for: raw audio may begin with anything.
  public static func foreign(_ bytes: some Collection<UInt8>) -> String? {
    let head = Array(bytes.prefix(12))
    func begins(_ mark: StaticString, at offset: Int = 0) -> Bool {
      mark.withUTF8Buffer { head.dropFirst(offset).starts(with: $0) }
    }
    let convert = "convert it to a WAV file of 16-bit PCM (sox … -b 16 -c 1 out.wav)"
    if begins("RF64") || begins("BW64") { return "an RF64 file (a WAV file beyond 4 GB); \(convert)" }
    if begins("RIFX") { return "an RIFX file (a WAV file in big-endian order); \(convert)" }
    if begins("RIFF"), head.count == 12, !begins("WAVE", at: 8) { return "an RIFF file, but no WAV file; \(convert)" }
    // ID3v2: a version below 5, then flags and four bytes below 128.
    if begins("ID3"), head.count >= 10, head[3] < 5, head[6..<10].allSatisfy({ $0 < 0x80 }) {
      return "a file with an ID3 tag before its audio (MP3, or WAV with a tag in front); remove the tag or \(convert)"
    }
    if begins("FORM"), begins("AIFF", at: 8) || begins("AIFC", at: 8) { return "an AIFF file; \(convert)" }
    if begins("OggS") { return "an Ogg file; \(convert)" }
    if begins("fLaC") { return "a FLAC file; \(convert)" }
    if begins(".snd") { return "a Sun/NeXT .au file; \(convert)" }
    if begins("caff") { return "a Core Audio file; \(convert)" }
    if begins("ftyp", at: 4) { return "an MP4 file; \(convert)" }
    return nil
  }
}
