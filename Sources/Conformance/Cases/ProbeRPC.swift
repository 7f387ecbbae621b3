import Basics
import GRPCTransport
import WebexProtocol

/// What one RPC of a probe sends.
struct Probe: Sendable {
  var path: String
  var metadata: Metadata = []
  /// Messages that go out at once.
  var opening: [[UInt8]] = []
  /// Messages that follow, one every ``interval``.
  var paced: [[UInt8]] = []
  /// Sent after the paced messages until END_OF_INPUT; `nil` half-closes instead.
  var silence: [UInt8]?
  var interval = Duration.milliseconds(20)
  /// Breaks the RPC off after this time.
  var cancel: Duration?
  /// When the RPC is given up.
  var patience = Duration.seconds(10)
}

/// What came back.
struct ProbeResult: Sendable {
  var responses: [(at: Duration, bytes: [UInt8])] = []
  /// `nil` where the RPC was given up.
  var status: RPCStatus?
  var ended = Duration.zero

  /// The responses of `ProcessCallerInput`; `nil` where one cannot be read.
  var voice: [VoiceResponse]? {
    let read = responses.compactMap { try? VoiceResponse(decoding: $0.bytes) }
    return read.count == responses.count ? read : nil
  }

  func has(_ kind: VoiceResponse.Event.Kind) -> Bool {
    voice?.contains { $0.events.first?.kind == kind } ?? false
  }

  /// A FINAL that is no mere turn boundary.
  var isAnswered: Bool {
    voice?.contains {
      $0.kind == .final && ($0.inputMode != nil || !$0.prompts.isEmpty || $0.events.contains(where: \.isEnd))
    }
      ?? false
  }

  /// For people: time, who, what.
  var lines: [String] {
    func line(_ at: Duration, _ what: String) -> String {
      let number = String(at.wholeMilliseconds)
      return String(repeating: " ", count: max(0, 6 - number.count)) + number + " ms  server  " + what
    }
    var lines = responses.suffix(8).map { line($0.at, Self.summary($0.bytes)) }
    lines.append(line(ended, status.map { "status \($0)" } ?? "no status: the RPC was given up"))
    return lines
  }

  private static func summary(_ bytes: [UInt8]) -> String {
    guard let response = try? VoiceResponse(decoding: bytes) else { return "a message of \(bytes.count) bytes" }
    let events = response.events.map { "\($0.kind)" }
    let audio = response.prompts.map { "prompt of \($0.audio?.count ?? 0) bytes" }
    return (["\(response.kind)".uppercased()] + events + audio).joined(separator: ", ")
  }
}

extension VoiceResponse.Event {
  fileprivate var isEnd: Bool { kind == .sessionEnd || kind == .transferToAgent }
}

/// One RPC that does what no caller of the platform does, or that is no conversation.
///
/// `@unchecked Sendable`: after `init`, everything is touched on the channel's loop only.
final class ProbeRPC: ClientCallHandler, @unchecked Sendable {
  private let probe: Probe
  private let channel: GRPCChannel
  private var call: ClientCall?
  private var began: Int64 = 0
  private var result = ProbeResult()
  private var done: ((ProbeResult) -> Void)?
  private var next = 0
  private var isSpeaking = true

  private init(_ probe: Probe, _ channel: GRPCChannel) {
    self.probe = probe
    self.channel = channel
  }

  /// Plays a probe to its end.
  static func run(_ probe: Probe, on channel: GRPCChannel) async -> ProbeResult {
    let rpc = ProbeRPC(probe, channel)
    return await withCheckedContinuation { continuation in
      channel.loop.execute { rpc.start { continuation.resume(returning: $0) } }
    }
  }

  private func start(_ done: @escaping (ProbeResult) -> Void) {
    self.done = done
    began = MonotonicClock.nanoseconds
    call = channel.startCall(path: probe.path, metadata: probe.metadata, handler: self)
    for message in probe.opening { call?.send(message) }
    pace()
    if let cancel = probe.cancel { channel.loop.schedule(after: cancel) { self.call?.cancel() } }
    channel.loop.schedule(after: probe.patience) {
      guard let done = self.done else { return }
      self.done = nil
      self.result.ended = self.time
      self.call?.cancel()
      done(self.result)
    }
  }

  private var time: Duration { .nanoseconds(MonotonicClock.nanoseconds - began) }

  private func pace() {
    guard isSpeaking, done != nil else { return }
    if next < probe.paced.count {
      call?.send(probe.paced[next])
      next += 1
    } else if let silence = probe.silence {
      call?.send(silence)
    } else {
      isSpeaking = false
      call?.halfClose()
      return
    }
    channel.loop.schedule(after: probe.interval) { self.pace() }
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard result.responses.count < 1000 else { return }
    result.responses.append((time, Array(bytes)))
    guard isSpeaking, let response = try? VoiceResponse(decoding: bytes),
      response.events.first?.kind == .endOfInput
    else { return }
    isSpeaking = false
    call?.halfClose()
  }

  func ended(_ status: RPCStatus, trailingMetadata: Metadata) {
    call = nil
    guard let done else { return }
    self.done = nil
    result.status = status
    result.ended = time
    done(result)
  }
}
