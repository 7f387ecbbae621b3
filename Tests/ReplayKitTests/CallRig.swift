import AudioCodecs
import BotEngine
import WebexProtocol

@testable import ReplayKit

/// A caller with a clock that is moved by hand, and a server that is a list of what it says and when.
struct CallRig {
  var caller: Caller
  var now: Duration = .zero
  var actions: [CallerAction] = []
  /// Input sent, per RPC; consecutive audio frames are counted in `frames`.
  var sent: [Int: [VoiceRequest.Input]] = [:]
  var frames: [Int: [CallerFrame]] = [:]
  var halfClosed: [Int: Duration] = [:]
  var cancelled: Set<Int> = []
  var opened: [Int: Duration] = [:]
  var events: [CallEvent] = []
  var outcomes: [CallOutcome] = []

  init(
    _ steps: [CallStep], clips: [SpokenClip] = [.tone(milliseconds: 1000)],
    _ adjust: (inout CallerSettings) -> Void = { _ in }
  ) {
    var settings = CallerSettings(conversation: "c-1", organization: "o-1")
    settings.keepsAudio = true
    adjust(&settings)
    caller = Caller(steps: steps, clips: clips, settings: settings)
    caller.start(at: now)
    collect()
  }

  mutating func collect() {
    for action in caller.takeActions() {
      actions.append(action)
      switch action {
      case .open(let rpc): opened[rpc] = now
      case .send(let rpc, let input): sent[rpc, default: []].append(input)
      case .sendAudio(let rpc, let frame): frames[rpc, default: []].append(frame)
      case .halfClose(let rpc): halfClosed[rpc] = now
      case .cancel(let rpc): cancelled.insert(rpc)
      case .tell(let event): events.append(event)
      case .finish(let outcome): outcomes.append(outcome)
      }
    }
  }

  /// Moves the clock, waking the caller when it asks for it and no sooner.
  mutating func pass(_ time: Duration) {
    let end = now + time
    while let wake = caller.nextWake, max(wake, now) <= end, outcomes.isEmpty {
      let before = (now, actions.count)
      now = max(now, wake)
      caller.tick(at: now)
      collect()
      // A caller that asks to be woken for nothing would spin.
      if before == (now, actions.count), let next = caller.nextWake, next <= now { break }
    }
    now = end
  }

  /// Moves the clock to a time of the call.
  mutating func pass(until time: Duration) { pass(time - now) }

  mutating func server(_ response: VoiceResponse, on rpc: Int) {
    caller.received(response, rpc: rpc, at: now)
    collect()
  }

  mutating func complete(_ rpc: Int, status: Int = 0, _ message: String = "") {
    caller.completed(rpc: rpc, status: status, message: message, at: now)
    collect()
  }

  /// An answer with a prompt in WAV mode, and the RPC's end.
  mutating func answer(_ rpc: Int, _ response: VoiceResponse = .answer(), after delay: Duration = .zero) {
    pass(delay)
    server(response, on: rpc)
    complete(rpc)
  }

  var rpc: Int { opened.keys.max() ?? 0 }
  var violations: [WireViolation] { caller.violations }
}

extension VoiceResponse {
  static let startOfInput = VoiceResponse(events: [.init(.startOfInput)])
  static let endOfInput = VoiceResponse(events: [.init(.endOfInput)])
  static let endOfInputChunk = VoiceResponse(.chunk, events: [.init(.endOfInput)])
  /// The last message of an answer in chunks.
  static let chunksEnd = VoiceResponse(
    prompts: [.init(audio: [], isBargeInEnabled: true)], inputMode: .voiceAndDTMF, inputHandling: InputHandling())

  static func answer(
    milliseconds: Int = 1000, bargeIn: Bool = true, mode: InputMode = .voiceAndDTMF,
    handling: InputHandling = InputHandling()
  ) -> VoiceResponse {
    VoiceResponse(
      prompts: milliseconds > 0 ? [.init(audio: wav(milliseconds), isBargeInEnabled: bargeIn)] : [],
      inputMode: mode, inputHandling: handling)
  }

  static func chunk(milliseconds: Int, value: UInt8 = 0x90, bargeIn: Bool = true) -> VoiceResponse {
    VoiceResponse(
      .chunk, prompts: [.init(audio: [UInt8](repeating: value, count: 8 * milliseconds), isBargeInEnabled: bargeIn)])
  }

  static func ending(
    _ kind: Event.Kind, metadata: [String: BotValue] = [:], milliseconds: Int = 500, bargeIn: Bool = false
  ) -> VoiceResponse {
    VoiceResponse(
      prompts: [.init(audio: wav(milliseconds), isBargeInEnabled: bargeIn)], events: [.init(kind, metadata: metadata)])
  }

  static func wav(_ milliseconds: Int, value: Int16 = 5000) -> [UInt8] {
    WAVFile(
      samples: [Int16](repeating: value, count: 8 * milliseconds), format: .init(encoding: .linear16, sampleRate: 8000)
    ).bytes
  }
}

extension SpokenClip {
  /// A clip of a square wave, with silence before and after.
  static func tone(milliseconds: Int, lead: Int = 100, tail: Int = 100) -> SpokenClip {
    let loud = (0..<8 * (milliseconds - lead - tail)).map { Int16($0 / 10 % 2 == 0 ? 8000 : -8000) }
    let samples = [Int16](repeating: 0, count: 8 * lead) + loud + [Int16](repeating: 0, count: 8 * tail)
    return SpokenClip(name: "tone.wav", samples: samples, telephone: samples, format: .telephone)
  }
}
