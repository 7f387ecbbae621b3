/// ITU-T G.711: 8-bit logarithmic PCM at 8,000 samples a second, on the 16-bit scale.
///
/// The values are those of the ITU-T G.191 software tools: mu-law spans ±32,124, A-law ±32,256, and a negative sample is
/// encoded by its ones' complement, which decides the values on the edge between two codes.
public enum G711 {
  /// The linear value of a mu-law code.
  public static func linear(mulaw code: UInt8) -> Int16 {
    let code = Int32(~code)
    let magnitude = ((((code & 0x0F) << 3) + 132) << ((code >> 4) & 0x07)) - 132
    return Int16(truncatingIfNeeded: code & 0x80 != 0 ? -magnitude : magnitude)
  }

  /// The linear value of an A-law code.
  public static func linear(alaw code: UInt8) -> Int16 {
    let code = Int32(code ^ 0x55)
    let mantissa = (code & 0x0F) << 4
    let segment = (code >> 4) & 0x07
    let magnitude = segment == 0 ? mantissa + 8 : (mantissa + 264) << (segment - 1)
    return Int16(truncatingIfNeeded: code & 0x80 != 0 ? magnitude : -magnitude)
  }

  /// The mu-law code of a linear value.
  public static func mulaw(_ sample: Int16) -> UInt8 {
    // 14 bits of magnitude with the bias added, so that the highest bit set tells the segment.
    let magnitude = min(0x1FFF, (Int32(sample < 0 ? ~sample : sample) >> 2) + 33)
    let segment = 26 - Int32(truncatingIfNeeded: (magnitude | 0x20).leadingZeroBitCount)
    let code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0F)
    return ~UInt8(truncatingIfNeeded: sample < 0 ? code | 0x80 : code)
  }

  /// The A-law code of a linear value.
  public static func alaw(_ sample: Int16) -> UInt8 {
    let magnitude = Int32(sample < 0 ? ~sample : sample) >> 4
    var code = magnitude
    if magnitude > 15 {
      let segment = 28 - Int32(truncatingIfNeeded: magnitude.leadingZeroBitCount)
      code = (segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)
    }
    return UInt8(truncatingIfNeeded: sample < 0 ? code : code | 0x80) ^ 0x55
  }

  /// The linear values of the 256 mu-law codes.
  public static let mulawTable: [Int16] = (0...255).map { linear(mulaw: UInt8($0)) }

  /// The linear values of the 256 A-law codes.
  public static let alawTable: [Int16] = (0...255).map { linear(alaw: UInt8($0)) }

  /// Decodes one sample a byte through a table of 256 values. `output` has room for all of `bytes`.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, table: [Int16], into output: UnsafeMutableBufferPointer<Int16>
  ) {
    precondition(table.count == 256 && output.count >= bytes.count)
    table.withUnsafeBufferPointer { table in
      for index in 0..<bytes.count { output[index] = table[Int(bytes[index])] }
    }
  }
}
