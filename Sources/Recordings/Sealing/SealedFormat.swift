/// The form of a sealed file: a header that carries the file's own key, wrapped by the tenant's, then records.
///
/// ```
/// header   "PBSEAL01" | length of the key's name (1 byte) | name | nonce (12) | wrapped file key (32) | tag (16)
/// record   word (4, big-endian: bit 31 last record, bit 30 made by a repair, bits 0-16 length) | ciphertext | tag (16)
/// ```
///
/// The file key is random and used for one file. A record's nonce is its number, so that it is used once and none can be
/// moved, left out or repeated; the last record says that it is, so that a cut shows. The header is bound to the
/// organization and to the file's name, so that files cannot be exchanged.
enum SealedFormat {
  static let magic = Array("PBSEAL01".utf8)
  /// The most plaintext in a record, in bytes.
  static let maximumRecord = 65_536
  static let wrappedBytes = AESGCM.nonceBytes + AESGCM.keyBytes + AESGCM.tagBytes

  struct RecordWord {
    /// Its bytes.
    static let size = 4

    var length: Int
    var isLast: Bool
    var isRepair: Bool

    var bytes: [UInt8] {
      let word = UInt32(length) | (isLast ? 0x8000_0000 : 0) | (isRepair ? 0x4000_0000 : 0)
      return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
    }
  }

  /// The nonce of a record. Repairs have numbers of their own: the number of a record that was cut short may have been
  /// used already.
  static func nonce(of number: UInt64, isRepair: Bool) -> [UInt8] {
    [0, 0, 0, isRepair ? 1 : 0] + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// What the header's key is bound to.
  static func binding(keyID: String, organization: String, name: String) -> [UInt8] {
    magic + Array("\(keyID)\n\(organization)\n\(name)".utf8)
  }
}

extension SealedFormat.RecordWord {
  /// `nil` where the length is beyond the bound or bits are set that mean nothing.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count == Self.size else { return nil }
    let word = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    length = Int(word & 0x1_FFFF)
    isLast = word & 0x8000_0000 != 0
    isRepair = word & 0x4000_0000 != 0
    guard word & 0x3FFE_0000 == 0, length <= SealedFormat.maximumRecord else { return nil }
  }
}
