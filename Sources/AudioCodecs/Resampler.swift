import CSpeexDSP

/// Changes the sample rate of a stream. What it needs of the past is kept between calls, so a stream may be given in
/// pieces of any size and comes out as if it had been given whole.
///
/// The owner of one SpeexDSP resampler. Not for use from two threads at once.
public final class Resampler {
  /// Samples a second that go in.
  public let inputRate: Int
  /// Samples a second that come out.
  public let outputRate: Int

  private let state: OpaquePointer

  /// The rates audio may have, in Hz.
  public static let rates: Set<Int> = [8000, 16000, 24000, 48000]

  /// A resampler between two of ``rates``. `quality` is SpeexDSP's scale, 0 to 10; 3 is its choice for telephony.
  public convenience init(from inputRate: Int, to outputRate: Int, quality: Int = 5) throws(AudioError) {
    for rate in [inputRate, outputRate] where !Self.rates.contains(rate) {
      throw AudioError(
        .unsupportedSampleRate, "A sample rate of \(rate) Hz is not supported; use 8000, 16000, 24000 or 48000.")
    }
    try self.init(fromAny: inputRate, to: outputRate, quality: quality)
  }

  /// The rates that files and bots may have beyond those of the telephone, in Hz.
  public static let convertibleRates = 4_000...192_000

  /// A resampler between any two of ``convertibleRates``.
  public init(fromAny inputRate: Int, to outputRate: Int, quality: Int = 5) throws(AudioError) {
    for rate in [inputRate, outputRate] where !Self.convertibleRates.contains(rate) {
      throw AudioError(.unsupportedSampleRate, "A sample rate of \(rate) Hz is not supported; use 4000 to 192000.")
    }
    var status: Int32 = 0
    let state = speex_resampler_init(
      1, UInt32(inputRate), UInt32(outputRate), Int32(min(10, max(0, quality))), &status)
    guard let state, status == 0 else {
      if let state { speex_resampler_destroy(state) }
      throw AudioError(.unavailable, "The resampler could not be made (SpeexDSP error \(status)).")
    }
    // The filter would begin with half its length of zeros: the output begins with the input's first sample instead.
    speex_resampler_skip_zeros(state)
    self.state = state
    self.inputRate = inputRate
    self.outputRate = outputRate
  }

  deinit { speex_resampler_destroy(state) }

  /// Its name in a line that shows what audio goes through: `resample 16k`.
  public var stageName: String { "resample \(outputRate / 1000)k" }

  /// Output samples that one input of this many samples can at most give.
  public func maximumOutput(of count: Int) -> Int { (count * outputRate + inputRate - 1) / inputRate + 1 }

  /// Forgets the stream's past.
  public func reset() {
    speex_resampler_reset_mem(state)
    speex_resampler_skip_zeros(state)
  }

  /// Resamples one piece of the stream.
  ///
  /// - Returns: the number of samples written. All of `input` is taken where `output` has room for
  ///   ``maximumOutput(of:)`` samples; what does not fit is lost.
  public func process(_ input: UnsafeBufferPointer<Int16>, into output: UnsafeMutableBufferPointer<Int16>) -> Int {
    var consumed = 0
    var produced = 0
    while consumed < input.count, produced < output.count {
      var inputCount = UInt32(clamping: input.count - consumed)
      var outputCount = UInt32(clamping: output.count - produced)
      guard let source = input.baseAddress, let target = output.baseAddress,
        speex_resampler_process_int(
          state, 0, source + consumed, &inputCount, target + produced, &outputCount) == 0,
        inputCount > 0 || outputCount > 0
      else { break }
      consumed += Int(inputCount)
      produced += Int(outputCount)
    }
    return produced
  }

  /// Resamples one piece of the stream.
  public func process(_ input: [Int16]) -> [Int16] {
    let capacity = maximumOutput(of: input.count)
    return [Int16](unsafeUninitializedCapacity: capacity) { output, initialized in
      initialized = input.withUnsafeBufferPointer { process($0, into: output) }
    }
  }

  /// Resamples one piece of the stream into room that is used again, and grows where it is too small. What comes of it
  /// is valid within the call.
  public func process(
    _ input: UnsafeBufferPointer<Int16>, in room: inout [Int16], _ body: (UnsafeBufferPointer<Int16>) -> Void
  ) {
    let most = maximumOutput(of: input.count)
    if room.count < most { room = [Int16](repeating: 0, count: most) }
    room.withUnsafeMutableBufferPointer { output in
      let count = process(input, into: output)
      body(UnsafeBufferPointer(rebasing: output[..<count]))
    }
  }

  /// Resamples a whole recording: as long in seconds as it was, its end included.
  public static func resample(_ samples: [Int16], from inputRate: Int, to outputRate: Int) throws(AudioError) -> [Int16]
  {
    try resample(samples, with: Resampler(from: inputRate, to: outputRate))
  }

  /// Resamples a whole recording between any two of ``convertibleRates``.
  public static func resample(
    _ samples: [Int16], fromAny inputRate: Int, to outputRate: Int
  ) throws(AudioError) -> [Int16] {
    try resample(samples, with: Resampler(fromAny: inputRate, to: outputRate))
  }

  private static func resample(_ samples: [Int16], with resampler: Resampler) -> [Int16] {
    let (inputRate, outputRate) = (resampler.inputRate, resampler.outputRate)
    guard inputRate != outputRate else { return samples }
    let tail = [Int16](repeating: 0, count: Int(speex_resampler_get_input_latency(resampler.state)) + 1)
    let length = (samples.count * outputRate + inputRate / 2) / inputRate
    return Array((resampler.process(samples) + resampler.process(tail)).prefix(length))
  }
}
