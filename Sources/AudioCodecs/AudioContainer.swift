/// Kinds of audio files and streams, by what they begin with: to tell what raw samples are not.
public enum AudioContainer {
  /// The name of what the bytes begin as; `nil` where they may be raw samples.
  ///
  /// Frames of MPEG audio begin with bits that raw samples may begin with too, so the next frame has to follow.
  public static func name(of bytes: [UInt8]) -> String? {
    for (magic, offset, name) in magics where bytes.dropFirst(offset).starts(with: magic) { return name }
    return isMPEG(bytes) ? "MP3" : isADTS(bytes) ? "AAC" : nil
  }

  private static let magics: [(magic: [UInt8], offset: Int, name: String)] = [
    (Array("RIFF".utf8), 0, "RIFF"), (Array("RIFX".utf8), 0, "RIFX"), (Array("RF64".utf8), 0, "RF64"),
    (Array("ID3".utf8), 0, "MP3"), (Array("OggS".utf8), 0, "Ogg"), (Array("fLaC".utf8), 0, "FLAC"),
    ([0x1A, 0x45, 0xDF, 0xA3], 0, "WebM"), (Array("ftyp".utf8), 4, "MP4"), (Array("FORM".utf8), 0, "AIFF"),
    (Array(".snd".utf8), 0, "AU"), (Array("#!AMR".utf8), 0, "AMR"), (Array("caff".utf8), 0, "CAF"),
    (Array("wvpk".utf8), 0, "WavPack"), ([0x30, 0x26, 0xB2, 0x75], 0, "WMA"),
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
