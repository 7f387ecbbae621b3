/// What an operator is to know first, in words: whether calls are accepted, and what is wrong.
struct Verdict: Sendable, Codable, Equatable {
  /// How bad it is.
  enum Tone: String, Sendable, Codable, Comparable {
    case good
    case warning
    case bad

    static func < (a: Self, b: Self) -> Bool { a.weight < b.weight }

    private var weight: Int {
      switch self {
      case .good: 0
      case .warning: 1
      case .bad: 2
      }
    }
  }

  /// One thing that is wrong.
  struct Point: Sendable, Codable, Equatable {
    var tone: Tone
    var text: String
    /// The cause, as it was reported.
    var detail: String?
    /// What to search for to see the calls it speaks of.
    var search: String?
    /// The section of the runbook that says what to do.
    var runbook: String?
  }

  /// As bad as the worst of the points.
  var tone: Tone
  /// One sentence.
  var headline: String
  /// The worst first.
  var points: [Point]

  /// The verdict on a server's state.
  init(on status: StatusSnapshot) {
    let points =
      status.reasons.map { Point(tone: .bad, text: $0) } + Self.bots(status) + Self.refusals(status)
      + Self.configuration(status.configuration) + Self.certificates(status) + Self.registrations(status)
      + Self.keySets(status) + Self.places(status) + Self.cluster(status.cluster)
    // A stable order, so that nothing jumps from one look to the next.
    self.points = [Tone.bad, .warning].flatMap { tone in points.filter { $0.tone == tone } }
    tone = points.map(\.tone).max() ?? .good
    headline = Self.headline(status, tone)
  }

  private static func headline(_ status: StatusSnapshot, _ tone: Tone) -> String {
    if status.isDraining { return "Draining: no new calls are accepted, \(count(status.liveCalls, "call")) still live" }
    if !status.reasons.isEmpty { return "Not ready: no calls are accepted" }
    let failing = status.agents.filter { health(of: $0) == .bad }
    if !failing.isEmpty {
      let all = failing.count == status.agents.count
      return all
        ? "Calls are accepted, but no bot answers them"
        : "Calls are accepted, but \(failing.count == 1 ? "a bot fails" : "\(failing.count) bots fail")"
    }
    switch tone {
    case .good: return "Ready: calls are accepted"
    case .warning: return "Ready: calls are accepted; something needs a look"
    case .bad: return "Calls are accepted; something needs you now"
    }
  }

  // MARK: What may be wrong

  /// Failures in a row from which on a bot is taken to be down, and of recent calls at least, when half of them fail.
  private static let manyFailures = 3

  private static func health(of agent: StatusSnapshot.Agent) -> Tone {
    if agent.isLeftAlone || agent.failuresInRow >= manyFailures { return .bad }
    if agent.recent.failed >= manyFailures, agent.recent.failed * 2 >= agent.recent.ended { return .bad }
    return agent.recent.failed > 0 || agent.failuresInRow > 0 ? .warning : .good
  }

  private static func bots(_ status: StatusSnapshot) -> [Point] {
    status.agents.compactMap { agent in
      let tone = health(of: agent)
      guard tone != .good else { return nil }
      let said: String
      if agent.recent.failed > 0 {
        said = "\(agent.recent.failed) of \(count(agent.recent.ended, "call")) failed in the last 5 minutes"
      } else {
        said = "the bot failed its last \(count(agent.failuresInRow, "call"))"
      }
      let away = agent.isLeftAlone ? "; calls are kept away from the bot until one that tries gets an answer" : ""
      return Point(
        tone: tone, text: "\(agent.name): \(said)\(away)", detail: agent.lastFailure?.text, search: agent.id,
        runbook: agent.isLeftAlone ? "patchbaybotleftalone" : "patchbaybotfails")
    }
  }

  private static func refusals(_ status: StatusSnapshot) -> [Point] {
    let recent = status.recent
    guard recent.refused > 0 else { return [] }
    let text = "\(count(recent.refused, "RPC")) \(recent.refused == 1 ? "was" : "were") refused in the last 5 minutes"
    let tone = recent.refused >= manyFailures && recent.refused > recent.started ? Tone.bad : .warning
    return [Point(tone: tone, text: text, detail: status.lastRefusal?.text)]
  }

  private static func configuration(_ file: StatusSnapshot.ConfigurationFile) -> [Point] {
    var points: [Point] = []
    if file.refusedSecondsAgo != nil {
      points.append(
        Point(
          tone: .warning, text: "The configuration's file is refused: what was in force before stays in force",
          detail: file.mistakes.first, runbook: "patchbayconfigurationrefused"))
    }
    if let mistake = file.revocationMistakes.first {
      points.append(
        Point(
          tone: .warning, text: "The file of revocations is refused: those that were in force stay", detail: mistake))
    }
    return points
  }

  private static func cluster(_ cluster: StatusSnapshot.Cluster?) -> [Point] {
    guard let cluster else { return [] }
    if let trouble = cluster.trouble {
      return [
        Point(
          tone: .warning, text: "The other servers are not known: each counts its own calls alone", detail: trouble,
          runbook: "patchbayredisunreachable")
      ]
    }
    return cluster.servers.filter { $0.state == StatusSnapshot.Cluster.Server.silent }.map { server in
      Point(tone: .warning, text: "The server at \(server.address) has told nothing for \(Int(server.secondsAgo)) s")
    }
  }

  /// As the alert rules have it.
  private static let certificateNotice: Int64 = 14 * 86_400
  private static let keysAreOld: Double = 3_600

  private static func certificates(_ status: StatusSnapshot) -> [Point] {
    status.certificates.flatMap { one in
      var points: [Point] = []
      if one.secondsLeft <= 0 {
        points.append(
          Point(tone: .bad, text: "The certificate of \(one.listener) has ended", runbook: "patchbaycertificateends"))
      } else if one.secondsLeft < certificateNotice {
        points.append(
          Point(
            tone: .warning, text: "The certificate of \(one.listener) ends in \(time(one.secondsLeft))",
            runbook: "patchbaycertificateends"))
      }
      if let refusal = one.refusal {
        points.append(
          Point(
            tone: .warning, text: "The new certificate files of \(one.listener) are refused", detail: refusal,
            runbook: "patchbaycertificaterefused"))
      }
      return points
    }
  }

  private static func registrations(_ status: StatusSnapshot) -> [Point] {
    status.registrations.compactMap { one in
      func point(_ tone: Tone, _ text: String) -> Point {
        Point(
          tone: tone, text: "The registration of \(one.name) \(text)", detail: one.lastFailure,
          runbook: "patchbayregistrationends")
      }
      switch one.state {
      case "lapsed": return point(.bad, "has ended: Webex does not call")
      case "disabled": return point(.warning, "is disabled: Webex does not call")
      case "elsewhere": return nil
      default:
        if let left = one.secondsLeft, one.isEnding { return point(.bad, "ends in \(time(left)) and was not renewed") }
        return one.failures > 0
          ? point(.warning, "cannot be looked after: \(count(one.failures, "failure")) in a row")
          : nil
      }
    }
  }

  private static func keySets(_ status: StatusSnapshot) -> [Point] {
    status.keySets.compactMap { one in
      if let age = one.age, age > keysAreOld {
        return Point(
          tone: .warning, text: "The keys of \(one.issuer) are \(time(Int64(age))) old", detail: one.lastFailure,
          runbook: "patchbaykeysold")
      }
      guard one.failures > 0 else { return nil }
      let what = one.keys == 0 ? "are not there" : "cannot be fetched again"
      return Point(
        tone: .warning, text: "The keys of \(one.issuer) \(what)", detail: one.lastFailure, runbook: "patchbaykeysold")
    }
  }

  /// The share of a limit from which on it is near, in percent.
  private static let near = 90

  private static func places(_ status: StatusSnapshot) -> [Point] {
    func point(_ who: String, _ live: Int, _ limit: Int, _ search: String?) -> Point? {
      guard limit > 0, live >= 5 || live >= limit, live * 100 >= limit * near else { return nil }
      return Point(tone: .warning, text: "\(who) \(live) of \(limit) calls that may be live at once", search: search)
    }
    return [point("The server has", status.liveCalls, status.callLimit, nil)].compactMap { $0 }
      + status.tenants.compactMap { point("\($0.name) has", $0.live, $0.limit, $0.name) }
  }

  // MARK: Words

  private static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }

  private static func time(_ seconds: Int64) -> String {
    for (length, unit) in [(86_400, "day"), (3_600, "hour"), (60, "minute")] as [(Int64, String)]
    where seconds >= length {
      return count(Int(clamping: seconds / length), unit)
    }
    return count(Int(clamping: seconds), "second")
  }
}
