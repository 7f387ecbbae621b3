/// The caller's audio of one stream, from the bytes of its messages to linear samples.
///
/// It keeps what the stream stated last about its format, carries a 16-bit sample that is split over two chunks, leaves
/// out the junk that comes before a call's audio and a WAV header at the start, mixes two channels into one, and brings
/// every rate to 8 or 16 kHz. Where a WAV header and the messages differ, the header counts: it came with the audio.
/// Make one for each audio stream. It allocates nothing for a chunk, and is not for use from two threads at once.
///
/// Short packets: a stream may begin with a few packets of at most ``longestJunk`` bytes that are no audio. They are
/// kept back until a longer chunk shows what they were. Before 8-bit audio they are dropped; before 16-bit samples they
/// are dropped if they would put the samples out of step. A stream that consists of short packets is audio.
public final class CallerAudioDecoder {
  /// The longest chunk, in bytes.
  public static let maximumChunk = 65_536
  /// How often encoding or rate may change.
  public static let maximumFormatChanges = 8
  /// The longest packet at the start of a stream that may be junk, in bytes.
  public static let longestJunk = 15

  /// Short packets at the start after which they are audio all the same.
  static let maximumJunkPackets = 16
  /// The longest WAV header at the start of a stream, in bytes.
  static let maximumHeader = 4096

  /// What happened on the stream so far.
  public struct Counts: Sendable, Hashable {
    /// Chunks taken, those without audio included.
    public var chunks = 0
    /// Chunks without a byte of audio.
    public var emptyChunks = 0
    /// Samples given out.
    public var samples = 0
    /// Packets dropped at the start that were no audio.
    public var junkPackets = 0
    /// WAV headers left out.
    public var headers = 0
    /// Headers whose format was another than the messages stated.
    public var contradictions = 0
    /// Bytes of a sample whose other half never came.
    public var danglingBytes = 0
    /// Changes of encoding or rate, those before this stream included.
    public var formatChanges = 0
  }

  // What is stored here is never given out to be changed, so no two accesses of one overlap: a frame need not pay for the
  // check.

  /// What happened so far.
  @exclusivity(unchecked) public internal(set) var counts = Counts()
  /// The stream's format: as stated last, or assumed.
  public var format: AudioFormat { current }
  /// The rate of the samples given out, in Hz: 8,000 for audio below 16,000 Hz, 16,000 for all other; or the stream's own
  /// where that is one of ``Resampler/rates``.
  public var sampleRate: Int {
    if keepsRate, Resampler.rates.contains(format.sampleRate) { return format.sampleRate }
    return format.sampleRate < 16_000 ? 8_000 : 16_000
  }

  /// The rates that a stream may have, in Hz.
  public static let sampleRates = 8_000...48_000

  /// The names of its stages: `mulaw 8k`, or `linear16 48k`, `resample 16k`.
  public var names: [String] {
    [format.stageName] + (format.sampleRate == sampleRate ? [] : ["resample \(sampleRate / 1000)k"])
  }

  /// Whether the samples given out last are those of the message's bytes, one for one and in full: G.711 that needed
  /// neither another rate nor anything left out.
  public var givesWholeCodes: Bool { isWhole }

  private let keepsRate: Bool
  // Another module would check each access of what it reads itself: it asks for a value.
  @exclusivity(unchecked) private var current: AudioFormat
  @exclusivity(unchecked) private var isWhole = false

  enum Stage {
    /// No chunk longer than junk has come yet.
    case opening
    /// Within a WAV header at the start.
    case header
    case running
  }

  @exclusivity(unchecked) var stage = Stage.opening
  var kept: [UInt8] = []
  var keptPackets = 0
  @exclusivity(unchecked) private var statedEncoding: AudioEncoding?
  @exclusivity(unchecked) private var statedRate: Int?
  /// Channels of the audio; only a WAV header can say that there are two.
  @exclusivity(unchecked) private var channels = 1
  @exclusivity(unchecked) private var carry: UInt8?
  /// The left channel's sample whose right one has not come yet.
  @exclusivity(unchecked) private var left: Int16?
  @exclusivity(unchecked) private var resampler: Resampler?

  /// A decoder for one stream.
  ///
  /// - Parameters:
  ///   - defaults: the format of a stream that states none.
  ///   - formatChanges: changes of format in the call before this stream, so that the bound holds for the call.
  ///   - keepsRate: whether samples are given out at the rate that they come in, whatever it is.
  public init(defaults: AudioFormat = .telephone, formatChanges: Int = 0, keepsRate: Bool = false) {
    self.keepsRate = keepsRate
    current = defaults
    counts.formatChanges = formatChanges
  }

  /// Decodes the audio of one message.
  ///
  /// - Parameters:
  ///   - bytes: the message's audio; none is legal.
  ///   - encoding: as the message states it, `nil` where it does not.
  ///   - sampleRate: as the message states it, in Hz; 0 where it does not.
  ///   - scratch: where to put the samples.
  /// - Returns: the samples, at ``sampleRate``; they lie in `scratch` until its next use.
  /// - Throws: where the audio cannot be what it claims. The stream is then over.
  public func decode(
    _ bytes: UnsafeRawBufferPointer, encoding: AudioEncoding? = nil, sampleRate: Int = 0, into scratch: SampleScratch
  ) throws(AudioError) -> UnsafeBufferPointer<Int16> {
    guard bytes.count <= Self.maximumChunk else {
      throw AudioError(
        .chunkTooLarge, "An audio chunk of \(bytes.count) bytes; send at most \(Self.maximumChunk) at once.")
    }
    counts.chunks &+= 1
    isWhole = false
    try state(encoding: encoding, sampleRate: sampleRate)
    guard !bytes.isEmpty else {
      counts.emptyChunks &+= 1
      return UnsafeBufferPointer(start: nil, count: 0)
    }
    var output = Output(room: scratch.samples)
    switch stage {
    case .running:
      try takeAudio(withoutHeader(bytes), into: &output)
      isWhole =
        format.encoding != .linear16 && channels == 1 && format.sampleRate == self.sampleRate
        && output.count == bytes.count
    case .opening: try open(bytes, into: &output)
    case .header: try continueHeader(bytes, into: &output)
    }
    counts.samples &+= output.count
    return UnsafeBufferPointer(rebasing: scratch.samples[..<output.count])
  }

  /// Ends the stream: what is kept back was junk or half a sample.
  public func finish() {
    counts.junkPackets &+= keptPackets
    keptPackets = 0
    kept = []
    dropCarry()
  }

  /// Samples written so far.
  struct Output {
    let room: UnsafeMutableBufferPointer<Int16>
    var count = 0

    var rest: UnsafeMutableBufferPointer<Int16> { UnsafeMutableBufferPointer(rebasing: room[count...]) }
  }

  // MARK: Format

  private func state(encoding: AudioEncoding?, sampleRate: Int) throws(AudioError) {
    guard sampleRate == 0 || Self.sampleRates.contains(sampleRate) else {
      throw AudioError(
        .unsupportedSampleRate,
        "A sample rate of \(sampleRate) Hz is not supported; send 8000 to 48000, or 0 for the default.")
    }
    var stated = format
    // What is stated once more says nothing new, also where a header has shown that it is wrong.
    if let encoding, encoding != statedEncoding { stated.encoding = encoding }
    if sampleRate != 0, sampleRate != statedRate { stated.sampleRate = sampleRate }
    if stated != format { try adopt(stated, channels: 1) }
    if let encoding { statedEncoding = encoding }
    if sampleRate != 0 { statedRate = sampleRate }
  }

  private func adopt(_ new: AudioFormat, channels: Int) throws(AudioError) {
    guard new != format || channels != self.channels else { return }
    // What is stated before any audio and for the first time replaces an assumption: no change.
    let isFirst = counts.samples == 0 && !(statedEncoding != nil && statedRate != nil)
    if !isFirst {
      guard counts.formatChanges < Self.maximumFormatChanges else {
        throw AudioError(
          .tooManyFormatChanges,
          "The audio's encoding or rate changed more than \(Self.maximumFormatChanges) times in a call; keep one.")
      }
      counts.formatChanges += 1
    }
    dropCarry()
    resampler = nil
    current = new
    self.channels = channels
  }

  /// Takes over the format of a header, whatever the messages stated.
  func adopt(header: AudioFormat, channels: Int) throws(AudioError) {
    if statedEncoding.map({ $0 != header.encoding }) ?? false || statedRate.map({ $0 != header.sampleRate }) ?? false
      || channels != 1
    {
      counts.contradictions &+= 1
    }
    try adopt(header, channels: channels)
    counts.headers &+= 1
  }

  /// A later chunk without the header it may begin with. Audio can look like a header by chance, so only one that is
  /// whole and of the stream's very format is taken for one.
  private func withoutHeader(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard carry == nil, left == nil, channels == 1, WAVHeader.begins(bytes), let outcome = try? WAVHeader.parse(bytes),
      case .header(let header) = outcome, header.format == format
    else { return bytes }
    counts.headers &+= 1
    return header.audio(in: bytes)
  }

  // MARK: Samples

  /// Decodes bytes that are audio.
  func takeAudio(_ bytes: UnsafeRawBufferPointer, into output: inout Output) throws(AudioError) {
    guard format.encoding == .linear16 else { return try takeSamples(bytes, into: &output) }
    var bytes = bytes
    if let low = carry, let high = bytes.first {
      carry = nil
      bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
      let pair = (low, high)
      let failure: AudioError? = withUnsafeBytes(of: pair) { pair in
        do throws(AudioError) { try takeSamples(pair, into: &output) } catch { return error }
        return nil
      }
      if let failure { throw failure }
    }
    if bytes.count % 2 == 1 {
      carry = bytes.last
      bytes = UnsafeRawBufferPointer(rebasing: bytes.dropLast())
    }
    try takeSamples(bytes, into: &output)
  }

  /// Decodes whole samples, and resamples them where the stream's rate asks for it.
  private func takeSamples(_ bytes: UnsafeRawBufferPointer, into output: inout Output) throws(AudioError) {
    var count = bytes.count / format.encoding.bytesPerSample
    guard count > 0 else { return }
    precondition(output.rest.count >= count)
    format.encoding.decode(bytes, into: output.rest)
    if channels == 2 { count = mixDown(output.rest, count: count) }
    guard format.sampleRate != sampleRate else {
      output.count += count
      return
    }
    let resampler: Resampler
    if let current = self.resampler {
      resampler = current
    } else {
      resampler = try Resampler(fromAny: format.sampleRate, to: sampleRate)
      self.resampler = resampler
    }
    // The result is shorter than the input: a slice at a time is moved aside and resampled into its place.
    let start = output.count
    withUnsafeTemporaryAllocation(of: Int16.self, capacity: 480) { slice in
      var taken = 0
      while taken < count {
        let length = min(slice.count, count - taken)
        for index in 0..<length { slice.initializeElement(at: index, to: output.room[start + taken + index]) }
        taken += length
        let room = output.room[output.count..<start + taken]
        output.count += resampler.process(
          UnsafeBufferPointer(rebasing: slice[..<length]), into: UnsafeMutableBufferPointer(rebasing: room))
      }
    }
  }

  /// Makes one channel of two, in place; returns how many samples there are then.
  private func mixDown(_ samples: UnsafeMutableBufferPointer<Int16>, count: Int) -> Int {
    var mixed = 0
    // A result is written where a sample was that has been read.
    for index in 0..<count {
      let sample = samples[index]
      guard let left else {
        left = sample
        continue
      }
      samples[mixed] = Int16(truncatingIfNeeded: (Int(left) + Int(sample)) / 2)
      mixed += 1
      self.left = nil
    }
    return mixed
  }

  private func dropCarry() {
    if carry != nil { counts.danglingBytes &+= 1 }
    if left != nil { counts.danglingBytes &+= format.encoding.bytesPerSample }
    carry = nil
    left = nil
  }
}
