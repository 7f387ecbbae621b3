/// Mu-law audio that waits to be sent, in the order in which it came.
///
/// Long answers are handed over at once and leave a chunk a second: what is taken from the front moves nothing of what
/// stays, and what is appended is copied once.
struct AudioRun: Equatable {
  /// What is appended goes into the last block up to this size, so that many small pieces do not cost a block each.
  private static let blockBytes = 16_384

  private var blocks: [[UInt8]]
  /// The first block with something in it, and the bytes of it that were taken.
  private var head = 0
  private var taken = 0
  /// Bytes that wait.
  private(set) var count: Int

  init(_ bytes: [UInt8]) {
    blocks = [bytes]
    count = bytes.count
  }

  static func == (left: AudioRun, right: AudioRun) -> Bool {
    left.count == right.count && left.bytes == right.bytes
  }

  mutating func append(_ bytes: [UInt8]) {
    count += bytes.count
    if let last = blocks.indices.last, last >= head, blocks[last].count + bytes.count <= Self.blockBytes {
      blocks[last] += bytes
    } else {
      blocks.append(bytes)
    }
  }

  /// Takes so many bytes from the front, or all there are.
  mutating func removeFirst(_ wanted: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(wanted, count))
    while bytes.count < wanted, head < blocks.count {
      let left = blocks[head].count - taken
      let more = min(wanted - bytes.count, left)
      bytes += blocks[head][taken..<taken + more]
      taken += more
      if more == left { dropBlock() }
    }
    count -= bytes.count
    return bytes
  }

  /// All that waits.
  var bytes: [UInt8] {
    guard head < blocks.count else { return [] }
    if taken == 0, head == blocks.count - 1 { return blocks[head] }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    bytes += blocks[head][taken...]
    for block in blocks[(head + 1)...] { bytes += block }
    return bytes
  }

  private mutating func dropBlock() {
    blocks[head] = []
    head += 1
    taken = 0
    guard head >= 64 || head == blocks.count else { return }
    blocks.removeFirst(head)
    head = 0
  }
}
