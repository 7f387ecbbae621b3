/// The last hour of each agent's calls, in slots of ten seconds: turns with their waits, calls, failures. Of a slot's waits
/// at most ``maximumSamples`` are kept, each with the same chance. Bounded; a pure value with the time as a parameter.
struct TurnHistory: Sendable {
  /// The length of a slot, in seconds.
  static let slotLength: Int64 = 10
  /// Slots that are kept, an hour of them.
  static let maximumSlots: Int64 = 360
  /// Agents that have a history of their own; further ones share one.
  static let maximumAgents = 32
  /// The agent beyond them.
  static let other = "other"
  /// Waits of one slot.
  static let maximumSamples = 32

  /// One answer.
  struct Sample: Sendable {
    /// Milliseconds since the caller's last sound; not a number where no speech was heard to end.
    var wait: Float
    /// Milliseconds since the decision that the turn was over.
    var answer: Float
  }

  /// What happened in ten seconds.
  struct Slot: Sendable {
    /// Slots since the clock's zero.
    let index: Int64
    var turns = 0
    var samples: [Sample] = []
    var started = 0
    var ended = 0
    var failed = 0
    var refused = 0
    /// The most calls that were live at once, as far as anybody looked.
    var live = 0

    init(index: Int64) { self.index = index }
  }

  /// By agent; the whole server is under `nil`.
  private(set) var slots: [String?: [Slot]] = [:]

  // MARK: What happens

  mutating func started(agent: String, now: Duration) {
    change([agent, nil], now) { $0.started += 1 }
  }

  mutating func ended(agent: String, hasFailed: Bool, now: Duration) {
    change([agent, nil], now) { slot in
      slot.ended += 1
      if hasFailed { slot.failed += 1 }
    }
  }

  mutating func refused(now: Duration) { change([nil], now) { $0.refused += 1 } }

  mutating func noted(live: Int, now: Duration) {
    guard live > 0 || slots[nil]?.last?.live ?? 0 > 0 else { return }
    change([nil], now) { $0.live = max($0.live, live) }
  }

  mutating func answered(agent: String, after time: Duration, silence: Duration?, now: Duration) {
    let answer = Float(time / .milliseconds(1))
    let sample = Sample(wait: silence.map { answer + Float($0 / .milliseconds(1)) } ?? .nan, answer: answer)
    change([agent], now) { slot in
      slot.turns += 1
      if slot.samples.count < Self.maximumSamples { return slot.samples.append(sample) }
      let place = Int.random(in: 0..<slot.turns)
      if place < Self.maximumSamples { slot.samples[place] = sample }
    }
  }

  private mutating func change(_ agents: [String?], _ now: Duration, _ change: (inout Slot) -> Void) {
    let index = Self.index(of: now)
    for agent in agents {
      var name = agent
      if agent != nil, slots[agent] == nil, slots.count > Self.maximumAgents { name = Self.other }
      // Out of the dictionary while it changes, so that nothing is copied.
      var own = slots.removeValue(forKey: name) ?? []
      // What happened before the newest slot on another loop, by a hair, is counted in it.
      if own.last?.index ?? .min < index {
        own.removeAll { $0.index <= index - Self.maximumSlots }
        own.append(Slot(index: index))
      }
      change(&own[own.count - 1])
      slots[name] = own
    }
  }

  static func index(of time: Duration) -> Int64 { time.components.seconds / slotLength }

  // MARK: Sums

  /// What happened to an agent's calls in the latest time; of the whole server for `nil`.
  func sums(of agent: String?, last time: Duration, now: Duration) -> CallSums {
    let first = Self.index(of: now - time)
    let recent = (slots[agent] ?? []).reversed().prefix { $0.index >= first }
    return recent.reduce(into: CallSums()) { sums, slot in
      sums.started += slot.started
      sums.ended += slot.ended
      sums.failed += slot.failed
      sums.refused += slot.refused
    }
  }
}

/// What happened in a recent time.
public struct CallSums: Sendable, Equatable {
  /// Calls that started.
  public internal(set) var started = 0
  /// Calls that ended.
  public internal(set) var ended = 0
  /// Calls that ended because the bot failed.
  public internal(set) var failed = 0
  /// RPCs that were refused; none is an agent's.
  public internal(set) var refused = 0
}
