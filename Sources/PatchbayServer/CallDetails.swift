import AdminServer
import Basics
import CallGateway

/// A call with its timeline, for the dashboard.
struct CallDetails: Sendable, Encodable {
  var call: StatusSnapshot.Call
  /// Whether it is live.
  var isLive: Bool
  /// Oldest first.
  var entries: [CallStory.Entry]
  /// Entries after the first that were dropped for later ones.
  var omitted: Int
}

/// The calls that a search finds, for the dashboard.
struct FoundCalls: Sendable, Encodable {
  /// Calls of each kind that are listed.
  static let maximum = 100

  /// The longest first.
  var calls: [StatusSnapshot.Call]
  /// The latest first.
  var endedCalls: [StatusSnapshot.Call]
  /// How many live ones there are, listed or not.
  var liveCount: Int
  /// How many ended ones there are, listed or not.
  var endedCount: Int
}

extension ServerState {
  /// Has the dashboard read the history at `/status/history/<seconds>`, a call at `/status/calls/<id>`, and the calls with a
  /// text in their ids or names at `/status/find/<text>`.
  func addDetails(to admin: AdminServer) {
    admin.addDetails(
      { [gateway] seconds in
        guard seconds.utf8.count <= 5, let seconds = Int(seconds) else { return nil }
        return gateway.turnHistory(seconds: seconds, now: MonotonicClock.now(), wall: WallClock.now())
      }, below: "history")
    admin.addDetails({ [weak self] text in self?.calls(with: text) }, below: "find")
    admin.addDetails({ [weak self] id in Int(id).flatMap { self?.details(of: $0) } }, below: "calls")
  }

  /// Words of a search that are looked for.
  private static let maximumWords = 8

  /// The calls of which each word of a text is in an id, a name, the reason of the end or the bot's failure.
  private func calls(with text: String) -> FoundCalls {
    let now = MonotonicClock.now()
    let names = gateway.settings.agents.agentsByID.mapValues(\.name)
    let words = text.lowercased().split(whereSeparator: \.isWhitespace).prefix(Self.maximumWords)
    func matches(_ status: SessionStatus, _ more: [String]) -> Bool {
      let texts = [status.conversation, status.tenant, status.organization, status.agent, status.name(names)]
      let all = (texts + status.trackingIDs + more).map { $0.lowercased() }
      return words.allSatisfy { word in all.contains { $0.contains(word) } }
    }
    let live = (gateway.statuses + media.statuses).filter { matches($0, ["\($0.activity)"]) }
      .sorted { $0.seconds(now: now) > $1.seconds(now: now) }
    let ended = gateway.endedCalls.filter { matches($0.status, [$0.end.rawValue, $0.failure ?? ""]) }
    return FoundCalls(
      calls: live.prefix(FoundCalls.maximum).map { .init($0, names, now: now) },
      endedCalls: ended.prefix(FoundCalls.maximum).map { .init($0, names, now: now) }, liveCount: live.count,
      endedCount: ended.count)
  }

  private func details(of number: Int) -> CallDetails? {
    let now = MonotonicClock.now()
    let names = gateway.settings.agents.agentsByID.mapValues(\.name)
    if let ended = gateway.endedCalls.first(where: { $0.status.number == number }) {
      let timeline = ended.status.timeline
      return CallDetails(
        call: .init(ended, names, now: now), isLive: false, entries: timeline.entries, omitted: timeline.omitted)
    }
    guard let status = (gateway.statuses + media.statuses).first(where: { $0.number == number }) else { return nil }
    let timeline = status.timeline
    return CallDetails(
      call: .init(status, names, now: now), isLive: true, entries: timeline.entries, omitted: timeline.omitted)
  }
}
