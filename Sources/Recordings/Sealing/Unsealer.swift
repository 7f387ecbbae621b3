/// Reads a sealed file record by record. See ``SealedFormat``.
struct Unsealer {
  /// What comes next in the file.
  enum Next {
    /// Plaintext, and how many bytes of the file it took; `isLast` where the file says that it ends here.
    case record([UInt8], size: Int, isLast: Bool)
    /// The bytes end within a record: the writer was cut short, or somebody cut the file.
    case incomplete
  }

  let cipher: AESGCM
  private(set) var number: UInt64 = 0
  private(set) var isDone = false
  /// The bytes of the header.
  let headerBytes: Int

  /// The longest a header can be, in bytes.
  static let maximumHeader = SealedFormat.magic.count + 1 + 64 + SealedFormat.wrappedBytes

  /// Reads the header at the start of `bytes`, of which ``maximumHeader`` are enough.
  init(header bytes: [UInt8], organization: String, name: String, keys: any RecordingKeys) throws(RecordingError) {
    let start = SealedFormat.magic.count
    guard bytes.starts(with: SealedFormat.magic), bytes.count > start else {
      throw RecordingError(.damaged, "\(name) is no sealed recording: its first bytes are others")
    }
    let length = Int(bytes[start])
    let wrapped = start + 1 + length
    guard (1...64).contains(length), bytes.count >= wrapped + SealedFormat.wrappedBytes else {
      throw RecordingError(.damaged, "\(name) ends within its header")
    }
    let keyID = String(decoding: bytes[(start + 1)..<wrapped], as: UTF8.self)
    let key = try keys.key(keyID, for: organization)
    let nonce = Array(bytes[wrapped..<(wrapped + AESGCM.nonceBytes)])
    let sealed = bytes[(wrapped + AESGCM.nonceBytes)..<(wrapped + SealedFormat.wrappedBytes)]
    guard
      let own = try AESGCM(key: key.bytes).open(
        sealed, nonce: nonce, header: SealedFormat.binding(keyID: keyID, organization: organization, name: name))
    else {
      throw RecordingError(
        .damaged, "\(name): its key cannot be opened: another \(key), another file's name, or changed bytes")
    }
    cipher = try AESGCM(key: own)
    headerBytes = wrapped + SealedFormat.wrappedBytes
  }

  /// The bytes a record may take.
  static let maximumRecordBytes = SealedFormat.RecordWord.size + SealedFormat.maximumRecord + AESGCM.tagBytes

  /// Opens the record at the start of `bytes`, of which ``maximumRecordBytes`` are enough.
  mutating func next(_ bytes: ArraySlice<UInt8>) throws(RecordingError) -> Next {
    guard !isDone else { throw RecordingError(.damaged, "bytes follow the last record") }
    guard let (word, plain) = try record(bytes, number) else { return .incomplete }
    number += 1
    isDone = word.isLast
    return .record(plain, size: SealedFormat.RecordWord.size + word.length + AESGCM.tagBytes, isLast: word.isLast)
  }

  /// Opens the record of any number at the start of `bytes`; `nil` where they end within it.
  func open(_ bytes: ArraySlice<UInt8>, number: UInt64) throws(RecordingError) -> [UInt8]? {
    try record(bytes, number)?.plain
  }

  private func record(
    _ bytes: ArraySlice<UInt8>, _ number: UInt64
  ) throws(RecordingError) -> (word: SealedFormat.RecordWord, plain: [UInt8])? {
    let head = bytes.prefix(SealedFormat.RecordWord.size)
    guard head.count == SealedFormat.RecordWord.size else { return nil }
    guard let word = SealedFormat.RecordWord(head) else {
      throw RecordingError(.damaged, "record \(number) has a head that none has")
    }
    let sealed = bytes.dropFirst(head.count).prefix(word.length + AESGCM.tagBytes)
    guard sealed.count == word.length + AESGCM.tagBytes else { return nil }
    let nonce = SealedFormat.nonce(of: number, isRepair: word.isRepair)
    guard let plain = try cipher.open(sealed, nonce: nonce, header: Array(head)) else {
      throw RecordingError(.damaged, "record \(number) was changed, moved or is another file's")
    }
    return (word, plain)
  }
}
