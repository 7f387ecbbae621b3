import COgg

/// Reads the pages of an Ogg Opus stream (RFC 3533, RFC 7845) to learn how long it plays, where its last whole page ends
/// and whether it has its end; and makes the page that ends it.
///
/// The owner of one `ogg_sync_state`. Not for use from two threads at once.
final class OggPages {
  private var sync = ogg_sync_state()
  private var serial: Int32 = 0
  private var number = 0
  /// Samples at 48,000 Hz that a player leaves out at the beginning.
  private var preSkip = 0
  /// The place that the last page with one states, in samples at 48,000 Hz.
  private var granule: Int64 = 0
  private var pages = 0
  private var position = 0
  /// Bytes up to the end of the last whole page, from the beginning of the stream.
  private(set) var wholeBytes = 0
  /// Whether the last whole page says that the stream ends with it.
  private(set) var isEnded = false

  init() { ogg_sync_init(&sync) }

  deinit { ogg_sync_clear(&sync) }

  /// How long the whole pages play, in milliseconds.
  var milliseconds: Int { Int(clamping: max(0, granule - Int64(preSkip)) / 48) }

  /// More bytes of the stream, in any pieces. Bytes that are of no page are passed over.
  func read(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, let room = ogg_sync_buffer(&sync, bytes.count) else { return }
    bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: room, count: $0.count).copyMemory(from: $0) }
    ogg_sync_wrote(&sync, bytes.count)
    var page = ogg_page()
    while true {
      let step = ogg_sync_pageseek(&sync, &page)
      if step == 0 { return }
      // Negative: so many bytes were of no page.
      position += abs(step)
      guard step > 0 else { continue }
      wholeBytes = position
      read(&page)
    }
  }

  private func read(_ page: inout ogg_page) {
    if pages == 0 { preSkip = Self.preSkip(page) }
    pages += 1
    serial = ogg_page_serialno(&page)
    number = ogg_page_pageno(&page)
    isEnded = ogg_page_eos(&page) != 0
    // -1: no packet ends on the page.
    let place = ogg_page_granulepos(&page)
    if place >= 0 { granule = min(place, Self.latest) }
  }

  /// Beyond every place that a recording can reach: sums of it fit.
  private static let latest: Int64 = 1 << 50

  /// Bytes 10 and 11 of the identification header, which is the first page's body.
  private static func preSkip(_ page: ogg_page) -> Int {
    guard page.body_len >= 12, let body = page.body else { return 0 }
    return Int(body[10]) | Int(body[11]) << 8
  }

  /// A page without audio that ends the stream where its last whole page does; empty where there is no page to end, or
  /// the stream has its end.
  func end() -> [UInt8] {
    guard pages > 0, !isEnded else { return [] }
    var header: [UInt8] = Array("OggS".utf8) + [0, 4]
    func append(_ value: UInt64, bytes: Int) {
      for index in 0..<bytes { header.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }
    // No packet ends on this page.
    append(UInt64(bitPattern: -1), bytes: 8)
    append(UInt64(UInt32(bitPattern: serial)), bytes: 4)
    append(UInt64(UInt32(truncatingIfNeeded: number + 1)), bytes: 4)
    // The checksum, set below, and no segment.
    append(0, bytes: 5)
    let count = header.count
    header.withUnsafeMutableBufferPointer { buffer in
      var page = ogg_page(header: buffer.baseAddress, header_len: count, body: nil, body_len: 0)
      ogg_page_checksum_set(&page)
    }
    return header
  }
}
