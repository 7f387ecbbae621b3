import Basics
import AudioCodecs
import Foundation

/// One call of a run, to be looked at and listened to.
public struct CallSample: Sendable, Codable, Equatable {
  /// Something that happened.
  public struct Event: Sendable, Codable, Equatable {
    /// When, in seconds of the call.
    public var at: Double
    /// Who: caller, server, webex, wrong or call.
    public var who: String
    /// What.
    public var text: String
    /// Where it is to be seen in the picture: `turn` or `wrong`.
    public var mark: String?
  }

  /// The longest stretch of a call that is kept.
  static let longest: Duration = .seconds(60)
  /// The most events.
  static let mostEvents = 400

  /// What was played.
  public var name: String
  /// How it ended.
  public var outcome: String
  /// Why this call was kept.
  public var why: String
  /// How long the audio is.
  public var seconds: Double
  /// The turns, the greeting first.
  public var turns: [CallReport.Turn]
  /// What happened, in order.
  public var events: [Event]
  /// Both sides as mu-law at 8,000 Hz, interleaved, the caller first; in Base64.
  public var audio: String
  /// How much it is worth showing.
  var rank = 0

  enum CodingKeys: String, CodingKey {
    case name, outcome, why, seconds, turns, events, audio
  }

  init(_ caller: Caller, name: String, outcome: CallOutcome, failed: Int, events: [(event: CallEvent, at: Duration)]) {
    self.name = name
    self.outcome = outcome.text
    let report = CallReport(caller, outcome: outcome)
    turns = report.turns
    let clips = caller.clips.map(\.name)
    self.events = events.map { event, time in
      let (who, what) = event.story(clips, showsKeys: false)
      return Event(at: time.inSeconds, who: who, text: what, mark: event.mark)
    }
    let end = min(caller.timeline.end, Self.longest)
    let count = CallTimeline.position(end)
    let sides = [CallTimeline.Side.caller, .agent].map {
      Array(caller.timeline.samples(of: $0, until: end).prefix(count))
    }
    let both = zip(sides[0], sides[1]).flatMap { [$0, $1] }
    seconds = max(0.001, Double(both.count) / 16_000)
    audio = Data(AudioEncoding.mulaw.encode(both)).base64EncodedString()
    let slowest = caller.turns.compactMap { $0.kind == .greeting ? nil : $0.answerLatency }.max()
    rank = slowest.map { min($0.wholeMicroseconds, 600_000_000) } ?? 0
    why = slowest.map { "Its slowest answer came after \(Figures.milliseconds($0))." } ?? "No turn was answered."
    if !caller.violations.isEmpty || !caller.brokenRPCs.isEmpty {
      rank += 1_000_000_000
      why = "The platform would not take what the server did. " + why
    }
    if failed > 0 {
      rank += 2_000_000_000
      why = "\(failed) thing\(failed == 1 ? " was" : "s were") not as expected. " + why
    }
    if case .failed = outcome {
      rank += 3_000_000_000
      why = "It failed. " + why
    }
  }
}

/// The calls that are kept of a run: the first, and the worst.
struct CallSamples: Sendable {
  /// How many are wanted.
  let most: Int
  /// Calls that are being held of which everything is kept.
  var live = 0
  private(set) var kept: [CallSample] = []

  /// Whether what is heard in a call that begins now is to be kept.
  var wantsMore: Bool { live < 2 * most }

  /// A call is over.
  mutating func add(_ sample: CallSample) {
    var sample = sample
    if kept.isEmpty { sample.rank = .max }
    kept.append(sample)
    kept.sort { $0.rank > $1.rank }
    kept = Array(kept.prefix(most))
  }

  /// Adds those of another loop.
  mutating func add(_ other: CallSamples) {
    kept = Array((kept + other.kept).sorted { $0.rank > $1.rank }.prefix(most))
  }
}

extension CallEvent {
  fileprivate var mark: String? {
    switch self {
    case .startOfInput, .endOfInput: "turn"
    case .violation, .broken, .gap: "wrong"
    default: nil
    }
  }
}
