/// The history of a time up to now, as JSON for a chart.
public struct TurnHistoryReport: Sendable, Encodable {
  /// Percentiles in milliseconds.
  public struct Percentiles: Sendable, Encodable, Equatable {
    /// Half of the turns were as fast or faster.
    public var p50: Double
    /// 90 of 100 turns were as fast or faster.
    public var p90: Double
    /// 99 of 100 turns were as fast or faster.
    public var p99: Double
  }

  /// An agent's turns.
  public struct Agent: Sendable, Encodable {
    /// The agent's id.
    public var agent: String
    /// Turns that were answered.
    public var turns: Int
    /// From the caller's last sound to the first of the answer; `nil` where no speech was heard to end.
    public var wait: Percentiles?
    /// The server's and the bot's part of it: from the decision that the turn was over.
    public var answer: Percentiles?
    /// The times in which something happened, oldest first.
    public var points: [Point]
  }

  /// One step of the time.
  public struct Point: Sendable, Encodable {
    /// Its beginning, in seconds since 1970.
    public var at: Int64
    /// Turns that were answered.
    public var turns: Int
    /// The callers' waits.
    public var wait: Percentiles?
    /// The part after the decision.
    public var answer: Percentiles?
    /// Calls that ended.
    public var ended: Int
    /// Calls that ended because the bot failed.
    public var failed: Int
  }

  /// One step of the whole server.
  public struct ServerPoint: Sendable, Encodable {
    /// Its beginning, in seconds since 1970.
    public var at: Int64
    /// The most calls that were live at once.
    public var live: Int
    /// Calls that started.
    public var started: Int
    /// RPCs that were refused.
    public var refused: Int
    /// Calls that ended because a bot failed.
    public var failed: Int
  }

  /// The length of the time, in seconds.
  public var seconds: Int
  /// The length of a step, in seconds.
  public var step: Int
  /// The end of the time, in seconds since 1970.
  public var until: Int64
  /// Those with a history, by id.
  public var agents: [Agent]
  /// The whole server, oldest first.
  public var server: [ServerPoint]
}

extension TurnHistory {
  /// Steps of a report at most.
  private static let maximumSteps: Int64 = 120

  /// What happened up to now, in steps that are long enough that there are not too many.
  ///
  /// - Parameters:
  ///   - seconds: how far back; 10 to 3,600, others are brought there.
  ///   - wall: now, in seconds since 1970.
  func report(seconds: Int, now: Duration, wall: Int64) -> TurnHistoryReport {
    let slot = Self.slotLength
    let length = min(max(Int64(clamping: seconds), slot), Self.maximumSlots * slot)
    let slotsAStep = max(1, (length / slot + Self.maximumSteps - 1) / Self.maximumSteps)
    let first = Self.index(of: now) - (length + slot - 1) / slot + 1
    let offset = wall - now.components.seconds
    // Steps begin at whole multiples, so that a slot stays in its step from one report to the next.
    func steps(_ agent: String?) -> [(at: Int64, slots: ArraySlice<Slot>)] {
      let recent = (slots[agent] ?? []).drop { $0.index < first }
      var made: [(at: Int64, slots: ArraySlice<Slot>)] = []
      var rest = recent
      while let oldest = rest.first {
        let step = oldest.index / slotsAStep
        let part = rest.prefix { $0.index / slotsAStep == step }
        made.append((step * slotsAStep * slot + offset, part))
        rest = rest.dropFirst(part.count)
      }
      return made
    }
    let agents = slots.keys.compactMap { $0 }.sorted().compactMap { agent -> TurnHistoryReport.Agent? in
      let steps = steps(agent)
      guard !steps.isEmpty else { return nil }
      let all = steps.flatMap(\.slots)
      return TurnHistoryReport.Agent(
        agent: agent, turns: all.reduce(0) { $0 + $1.turns }, wait: Self.percentiles(all, \.wait),
        answer: Self.percentiles(all, \.answer),
        points: steps.map { step in
          TurnHistoryReport.Point(
            at: step.at, turns: step.slots.reduce(0) { $0 + $1.turns }, wait: Self.percentiles(step.slots, \.wait),
            answer: Self.percentiles(step.slots, \.answer), ended: step.slots.reduce(0) { $0 + $1.ended },
            failed: step.slots.reduce(0) { $0 + $1.failed })
        })
    }
    let server = steps(nil).map { step in
      TurnHistoryReport.ServerPoint(
        at: step.at, live: step.slots.map(\.live).max() ?? 0, started: step.slots.reduce(0) { $0 + $1.started },
        refused: step.slots.reduce(0) { $0 + $1.refused }, failed: step.slots.reduce(0) { $0 + $1.failed })
    }
    return TurnHistoryReport(
      seconds: Int(length), step: Int(slotsAStep * slot), until: wall, agents: agents, server: server)
  }

  /// Of all turns: a slot's samples count for as many turns as it had.
  static func percentiles(
    _ slots: some Sequence<Slot>, _ value: KeyPath<Sample, Float>
  ) -> TurnHistoryReport.Percentiles? {
    var weighted: [(value: Float, weight: Double)] = []
    for slot in slots where !slot.samples.isEmpty {
      let weight = Double(slot.turns) / Double(slot.samples.count)
      for sample in slot.samples where !sample[keyPath: value].isNaN {
        weighted.append((sample[keyPath: value], weight))
      }
    }
    guard !weighted.isEmpty else { return nil }
    weighted.sort { $0.value < $1.value }
    let total = weighted.reduce(0) { $0 + $1.weight }
    func percentile(_ share: Double) -> Double {
      var left = total * share
      for (value, weight) in weighted {
        left -= weight
        if left < 0 { return (Double(value) * 10).rounded() / 10 }
      }
      return (Double(weighted[weighted.count - 1].value) * 10).rounded() / 10
    }
    return .init(p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99))
  }
}
