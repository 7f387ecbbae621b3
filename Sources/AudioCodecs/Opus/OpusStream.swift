/// The packets of one sender on their way to samples, with what is missing made up.
///
/// A lost packet is taken from what the next one tells about it, where it does; else up to
/// ``maximumConcealment`` is made up from what came before, and the rest is left out. A damaged packet counts as lost.
/// Where the sender paused (DTX) nothing is made up at all.
public final class OpusStream {
  /// The most that is made up of one loss, in milliseconds.
  public static let maximumConcealment = 100

  /// What happened so far.
  public struct Counts: Sendable, Hashable {
    /// Packets decoded.
    public var packets = 0
    /// Packets that were none, or that libopus found damaged.
    public var damaged = 0
    /// Packets that never came, as they were told of.
    public var lost = 0
    /// Lost packets that the next one told about.
    public var recovered = 0
    /// Samples made up or recovered.
    public var concealedSamples = 0
    /// Samples left out of losses.
    public var skippedSamples = 0

    /// Nothing yet.
    public init() {}
  }

  /// What comes out, in order.
  public enum Output {
    /// Audio, valid within the call, and whether it stands for what was lost.
    case samples(UnsafeBufferPointer<Int16>, isConcealed: Bool)
    /// Nothing, for this many samples of a loss.
    case skip(Int)
  }

  /// What happened so far.
  public private(set) var counts = Counts()
  /// Samples a second that come out.
  public var sampleRate: Int { decoder.sampleRate }

  private let decoder: OpusDecoder
  /// How long a packet is taken to last that nobody has seen: as long as the one before, in eighths of a millisecond.
  private var expected = 160
  /// How much in a row was made up, in the same units: a loss of many damaged packets is one loss.
  private var concealed = 0
  private var hasBegun = false

  /// A stream of a sender's packets, decoded at a rate.
  public init(sampleRate: Int) throws(AudioError) { decoder = try OpusDecoder(sampleRate: sampleRate) }

  /// Takes a packet.
  ///
  /// - Parameters:
  ///   - bytes: the packet.
  ///   - lost: how many packets of this sender are missing before it.
  ///   - body: is given what comes out.
  public func decode(_ bytes: UnsafeRawBufferPointer, lost: Int = 0, _ body: (Output) -> Void) {
    let packet: OpusPacket
    do { packet = try OpusPacket(bytes) } catch {
      if lost > 0 { makeUp(lost, next: nil, body) }
      return damaged(body)
    }
    if lost > 0 { makeUp(lost, next: packet, body) }
    guard let samples = decoder.decode(packet) else { return damaged(body) }
    hasBegun = true
    concealed = 0
    expected = packet.duration
    counts.packets &+= 1
    body(.samples(samples, isConcealed: false))
  }

  /// Makes up packets that nothing more will be heard of.
  public func lose(_ count: Int, _ body: (Output) -> Void) {
    if count > 0 { makeUp(count, next: nil, body) }
  }

  /// Forgets the past: the sender begins anew.
  public func reset() {
    decoder.reset()
    concealed = 0
    hasBegun = false
  }

  private func damaged(_ body: (Output) -> Void) {
    counts.damaged &+= 1
    makeUp(1, next: nil, isCounted: false, body)
  }

  private func makeUp(_ count: Int, next: OpusPacket?, isCounted: Bool = true, _ body: (Output) -> Void) {
    if isCounted { counts.lost = counts.lost.addingReportingOverflow(count).partialValue }
    // Before the first packet there is nothing to go by. A minute of loss is no more than a minute.
    guard hasBegun else { return }
    let unit = decoder.sampleRate / 8000
    let isRecoverable = next?.hasErrorCorrection ?? false
    var missing = min(count, 60_000 * 8 / expected) * expected
    let recoverable = isRecoverable ? min(missing, expected) : 0
    missing -= recoverable
    conceal(missing, unit, body)
    guard recoverable > 0, let next else { return }
    if let samples = decoder.recover(samples: recoverable * unit, from: next) {
      counts.recovered &+= 1
      counts.concealedSamples &+= samples.count
      concealed = 0
      body(.samples(samples, isConcealed: true))
    } else {
      conceal(recoverable, unit, body)
    }
  }

  private func conceal(_ duration: Int, _ unit: Int, _ body: (Output) -> Void) {
    var missing = duration
    while missing > 0, concealed < Self.maximumConcealment * 8 {
      let length = min(missing, Self.maximumConcealment * 8 - concealed, expected)
      guard let samples = decoder.conceal(samples: length * unit) else { break }
      let made = max(1, samples.count / unit)
      missing -= min(missing, made)
      concealed += made
      counts.concealedSamples &+= samples.count
      body(.samples(samples, isConcealed: true))
    }
    guard missing > 0 else { return }
    counts.skippedSamples &+= missing * unit
    body(.skip(missing * unit))
  }
}
