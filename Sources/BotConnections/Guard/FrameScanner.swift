import Basics

/// Follows the HTTP/2 of one connection to a gRPC server, and decides what of it the client may see.
///
/// The C core does work for every frame and keeps every message until it is whole, on the thread of the calls. This
/// value stands before it: it counts what costs and carries nothing, leaves out frames of unknown types, bounds frames
/// and header blocks, and ends a stream whose message declares more than its bound before the message comes. It keeps
/// nothing of what passes but nine bytes and a few words for each open stream.
///
/// Bytes and a clock in, pieces out. Headers are not decoded: that is the core's.
public struct FrameScanner: Sendable {
  /// What the client gets next.
  public enum Piece: Sendable, Equatable {
    /// These of the bytes that were handed in.
    case pass(Range<Int>)
    /// Bytes that are not among them.
    case insert([UInt8])
  }

  private let limits: GuardLimits
  private var control: RateBudget
  private var data: RateBudget
  private var bytes: RateBudget
  private var stray: RateBudget

  // From the server
  private var held: [UInt8] = []
  private var frame: FrameHeader?
  private var left = 0
  private var isDropped = false
  private var block: (stream: UInt32, bytes: Int, endsStream: Bool)?
  private var goAways = 0
  /// The server's SETTINGS have come: it speaks HTTP/2.
  public private(set) var isSettled = false

  // The DATA frame that is being read
  private var cursor: MessageCursor?
  private var awaitsPadding = false
  private var dataLeft = 0

  // From the client
  private var open: [UInt32: MessageCursor] = [:]
  private var sentHeld: [UInt8] = []
  /// The preface of a connection comes first (RFC 9113, section 3.4).
  private var sentLeft = 24

  /// A connection that is new.
  public init(_ limits: GuardLimits) {
    self.limits = limits
    control = RateBudget(perSecond: limits.controlFrames, burst: limits.controlFrames)
    data = RateBudget(perSecond: limits.dataFrames, burst: limits.dataFrames / 2)
    bytes = RateBudget(perSecond: limits.dataBytes, burst: limits.dataBurst)
    stray = RateBudget(perSecond: limits.dataBurst / 4, burst: limits.dataBurst)
  }

  /// Nanoseconds for which the server is to be read no further; 0 where it may go on.
  public mutating func pause(now: UInt64) -> Int64 {
    data.refill(now: now)
    bytes.refill(now: now)
    return max(data.wait, bytes.wait)
  }

  // MARK: From the server

  /// Takes what the server sent, and says piece by piece what the client gets.
  ///
  /// - Parameter now: nanoseconds of a monotonic clock.
  /// - Throws: why the connection is to be closed; nothing may be handed in after it.
  public mutating func received(
    _ input: Span<UInt8>, now: UInt64, emit: (Piece) -> Void
  ) throws(FrameError) {
    control.refill(now: now)
    data.refill(now: now)
    bytes.refill(now: now)
    stray.refill(now: now)
    var index = 0
    var start = 0  // of what passes
    while index < input.count {
      if let frame {
        let count = min(left, input.count - index)
        if cursor != nil { followData(input.extracting(index..<index + count)) }
        index += count
        left -= count
        if isDropped { start = index }
        guard left == 0 else { continue }
        if let trailers = finish(frame) {
          if start < index { emit(.pass(start..<index)) }
          emit(.insert(trailers))
          start = index
        }
      } else if held.isEmpty, input.count - index >= FrameHeader.size {
        try begin(FrameHeader(input, at: index))
        if isDropped, start < index { emit(.pass(start..<index)) }
        index += FrameHeader.size
        if isDropped { start = index }
      } else {
        // The rest of the header, or its beginning, comes with other bytes: it waits until it is whole.
        if start < index { emit(.pass(start..<index)) }
        let count = min(FrameHeader.size - held.count, input.count - index)
        for byte in index..<index + count { held.append(input[byte]) }
        index += count
        start = index
        if held.count == FrameHeader.size {
          try begin(FrameHeader(held.span, at: 0))
          if !isDropped { emit(.insert(held)) }
          held.removeAll(keepingCapacity: true)
        }
      }
      if let frame, left == 0 {
        if let trailers = finish(frame) {
          if start < index { emit(.pass(start..<index)) }
          emit(.insert(trailers))
          start = index
        }
      }
    }
    if start < index { emit(.pass(start..<index)) }
  }

  private mutating func begin(_ frame: FrameHeader) throws(FrameError) {
    if !isSettled {
      guard frame.type == FrameHeader.settings, frame.stream == 0, !frame.isAcknowledgement else { throw .notHTTP2 }
      isSettled = true
    }
    guard frame.length <= limits.maximumFrame else {
      throw .largeFrame(bytes: frame.length, limit: limits.maximumFrame)
    }
    guard (frame.type == FrameHeader.continuation) == (block != nil), block.map({ $0.stream == frame.stream }) ?? true
    else { throw .brokenHeaderBlock }
    isDropped = frame.isUnknown
    self.frame = frame
    left = frame.length
    switch frame.type {
    case FrameHeader.data where frame.length > 0: try beginData(frame)
    case FrameHeader.push: throw .push
    default:
      control.spend(1 + frame.length / limits.bytesPerControlFrame)
      if control.isOverdrawn { throw .controlFlood(frame: frame.name, limit: limits.controlFrames) }
    }
    switch frame.type {
    case FrameHeader.headers: block = (frame.stream, 0, frame.endsStream)
    case FrameHeader.reset: open[frame.stream] = nil
    case FrameHeader.goAway:
      goAways += 1
      if goAways > limits.goAways { throw .goAwayFlood(limit: limits.goAways) }
    default: break
    }
    if var block {
      block.bytes += frame.length
      guard block.bytes <= limits.maximumHeaderBlock else {
        throw .largeHeaderBlock(limit: limits.maximumHeaderBlock)
      }
      self.block = block
    }
  }

  private mutating func beginData(_ frame: FrameHeader) throws(FrameError) {
    data.spend(1)
    bytes.spend(frame.length)
    cursor = open[frame.stream]
    awaitsPadding = frame.isPadded
    dataLeft = frame.length
    guard cursor == nil else { return }
    // The core passes over it, but has to account for it.
    stray.spend(frame.length)
    if stray.isOverdrawn { throw .strayData }
  }

  private mutating func followData(_ payload: Span<UInt8>) {
    var index = 0
    if awaitsPadding, !payload.isEmpty {
      awaitsPadding = false
      dataLeft = max(0, dataLeft - 1 - Int(payload[0]))
      index = 1
    }
    let count = min(dataLeft, payload.count - index)
    guard count > 0 else { return }
    dataLeft -= count
    let messages = cursor?.follow(
      payload.extracting(index..<index + count), maximumMessage: limits.maximumMessage)
    data.spend(messages ?? 0)
  }

  /// The frame is whole.
  ///
  /// - Returns: what ends the stream where it has to end.
  private mutating func finish(_ frame: FrameHeader) -> [UInt8]? {
    self.frame = nil
    if let block, frame.endsHeaders {
      if block.endsStream { open[block.stream] = nil }
      self.block = nil
    }
    guard frame.type == FrameHeader.data else { return nil }
    let cursor = self.cursor
    self.cursor = nil
    guard open[frame.stream] != nil else { return nil }
    open[frame.stream] = frame.endsStream ? nil : cursor ?? open[frame.stream]
    guard let excess = cursor?.excess, !frame.endsStream else { return nil }
    open[frame.stream] = nil
    return Trailers.refusal(of: frame.stream, message: excess, limit: limits.maximumMessage)
  }

  // MARK: From the client

  /// Follows what the client sends, which all passes.
  public mutating func sent(_ output: Span<UInt8>) {
    control.add(Double(output.count) / Double(limits.bytesPerAcknowledgement))
    var index = 0
    while index < output.count {
      if sentLeft > 0 {
        let count = min(sentLeft, output.count - index)
        sentLeft -= count
        index += count
      } else if sentHeld.isEmpty, output.count - index >= FrameHeader.size {
        begun(FrameHeader(output, at: index))
        index += FrameHeader.size
      } else {
        sentHeld.append(output[index])
        index += 1
        guard sentHeld.count == FrameHeader.size else { continue }
        begun(FrameHeader(sentHeld.span, at: 0))
        sentHeld.removeAll(keepingCapacity: true)
      }
    }
  }

  private mutating func begun(_ frame: FrameHeader) {
    sentLeft = frame.length
    switch frame.type {
    case FrameHeader.headers: if open[frame.stream] == nil { open[frame.stream] = MessageCursor() }
    case FrameHeader.reset: open[frame.stream] = nil
    default: break
    }
  }
}
