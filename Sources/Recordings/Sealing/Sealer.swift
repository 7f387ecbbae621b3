/// Seals one file: bytes in, records out. See ``SealedFormat``.
struct Sealer {
  /// What the file begins with.
  let header: [UInt8]
  private let cipher: AESGCM
  private var number: UInt64 = 0
  private var isDone = false

  /// A file of this name, with a fresh key of its own that `key` wraps.
  init(key: RecordingKey, organization: String, name: String) throws(RecordingError) {
    let own = try AESGCM.randomBytes(AESGCM.keyBytes)
    let nonce = try AESGCM.randomBytes(AESGCM.nonceBytes)
    let wrapped = try AESGCM(key: key.bytes).seal(
      own, nonce: nonce, header: SealedFormat.binding(keyID: key.id, organization: organization, name: name))
    cipher = try AESGCM(key: own)
    header = SealedFormat.magic + [UInt8(key.id.utf8.count)] + Array(key.id.utf8) + nonce + wrapped
  }

  /// The continuation of a file that was cut short: one last record is all it can make.
  init(repairing unsealed: Unsealer) {
    header = []
    cipher = unsealed.cipher
    number = unsealed.number
  }

  /// Records of these bytes; after the last nothing can be sealed.
  mutating func seal(_ bytes: [UInt8], isLast: Bool = false, isRepair: Bool = false) throws(RecordingError) -> [UInt8] {
    precondition(!isDone, "nothing follows the last record")
    var records: [UInt8] = []
    var rest = bytes[...]
    repeat {
      let piece = Array(rest.prefix(SealedFormat.maximumRecord))
      rest = rest.dropFirst(piece.count)
      let word = SealedFormat.RecordWord(length: piece.count, isLast: isLast && rest.isEmpty, isRepair: isRepair).bytes
      records += word
      records += try cipher.seal(piece, nonce: SealedFormat.nonce(of: number, isRepair: isRepair), header: word)
      number += 1
    } while !rest.isEmpty
    isDone = isLast
    return records
  }
}
