/// Kinds of audio files and streams, by what they begin with: to tell what raw samples are not, and to name what is not
/// read rather than take it for something else.
public enum AudioFileKind: String, Sendable, CaseIterable {
  case wav = "WAV", riff = "RIFF", rifx = "RIFX", rf64 = "RF64", mp3 = "MP3", aac = "AAC", ogg = "Ogg", flac = "FLAC"
  case webM = "WebM", mp4 = "MP4", aiff = "AIFF", au = "AU", amr = "AMR", caf = "CAF", wavPack = "WavPack", wma = "WMA"

  /// What the bytes begin as; `nil` where they may be raw samples.
  ///
  /// Marks of fewer than three bytes are not looked for: raw audio may begin with anything. Frames of MPEG audio begin
  /// with bits that raw samples may begin with too, so the next frame has to follow.
  public init?(of bytes: [UInt8]) {
    func begins(_ mark: [UInt8], at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: mark) }
    if let (_, _, kind) = Self.marks.first(where: { begins($0.mark, at: $0.offset) }) {
      switch kind {
      case .wav where bytes.count >= 12 && !begins(Array("WAVE".utf8), at: 8): self = .riff
      // ID3v2: a version below 5, then flags and four bytes below 128.
      case .mp3 where bytes.count < 10 || bytes[3] >= 5 || !bytes[6..<10].allSatisfy({ $0 < 0x80 }): return nil
      case .aiff where !begins(Array("AIFF".utf8), at: 8) && !begins(Array("AIFC".utf8), at: 8): return nil
      default: self = kind
      }
    } else if Self.isMPEG(bytes) {
      self = .mp3
    } else if Self.isADTS(bytes) {
      self = .aac
    } else {
      return nil
    }
  }

  /// What it is, and what to do about it: `FLAC audio; convert it …`.
  public var advice: String {
    let what =
      switch self {
      case .wav: "a WAV file"
      case .riff: "an RIFF file, but no WAV file"
      case .rifx: "an RIFX file (a WAV file in big-endian order)"
      case .rf64: "an RF64 file (a WAV file beyond 4 GB)"
      case .mp3: "MP3 audio, or a file with an ID3 tag before its audio; remove the tag, or"
      default: "\(rawValue) audio"
      }
    return what + (self == .mp3 ? " " : "; ") + "convert it to a WAV file of 16-bit PCM (sox … -b 16 -c 1 out.wav)"
  }

  private static let marks: [(mark: [UInt8], offset: Int, kind: Self)] = [
    (Array("RIFF".utf8), 0, .wav), (Array("RIFX".utf8), 0, .rifx), (Array("RF64".utf8), 0, .rf64),
    (Array("BW64".utf8), 0, .rf64), (Array("ID3".utf8), 0, .mp3), (Array("OggS".utf8), 0, .ogg),
    (Array("fLaC".utf8), 0, .flac), ([0x1A, 0x45, 0xDF, 0xA3], 0, .webM), (Array("ftyp".utf8), 4, .mp4),
    (Array("FORM".utf8), 0, .aiff), (Array(".snd".utf8), 0, .au), (Array("#!AMR".utf8), 0, .amr),
    (Array("caff".utf8), 0, .caf), (Array("wvpk".utf8), 0, .wavPack), ([0x30, 0x26, 0xB2, 0x75], 0, .wma),
  ]

  private static func isMPEG(_ bytes: [UInt8]) -> Bool {
    guard let length = mpegFrame(bytes, at: 0) else { return false }
    return bytes.count == length
      || bytes.count >= length + 4 && bytes[length] == 0xFF && bytes[length + 1] == bytes[1]
        && mpegFrame(bytes, at: length) != nil
  }

  /// Bytes of an MPEG audio frame of layer III (ISO/IEC 11172-3, 2.4.1.3).
  private static func mpegFrame(_ bytes: [UInt8], at start: Int) -> Int? {
    guard bytes.count >= start + 4, bytes[start] == 0xFF, bytes[start + 1] & 0xE6 == 0xE2 else { return nil }
    let version = bytes[start + 1] >> 3 & 3
    let bitRate = Int(bytes[start + 2] >> 4)
    let rate = Int(bytes[start + 2] >> 2 & 3)
    guard version != 1, (1...14).contains(bitRate), rate < 3 else { return nil }
    let isFirst = version == 3
    let rates =
      isFirst ? [44_100, 48_000, 32_000] : version == 2 ? [22_050, 24_000, 16_000] : [11_025, 12_000, 8_000]
    let bitRates =
      isFirst
      ? [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
      : [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
    return (isFirst ? 144_000 : 72_000) * bitRates[bitRate - 1] / rates[rate] + Int(bytes[start + 2] >> 1 & 1)
  }

  private static func isADTS(_ bytes: [UInt8]) -> Bool {
    guard let length = adtsFrame(bytes, at: 0) else { return false }
    return bytes.count == length || adtsFrame(bytes, at: length) != nil
  }

  /// Bytes of an ADTS frame (ISO/IEC 13818-7, 6.2).
  private static func adtsFrame(_ bytes: [UInt8], at start: Int) -> Int? {
    guard bytes.count >= start + 7, bytes[start] == 0xFF, bytes[start + 1] & 0xF6 == 0xF0 else { return nil }
    let length = Int(bytes[start + 3] & 3) << 11 | Int(bytes[start + 4]) << 3 | Int(bytes[start + 5] >> 5)
    return length > 7 ? length : nil
  }
}
