import Testing

@testable import AdminServer

@Suite("The verdict tells an operator in words what is wrong")
struct VerdictTests {
  private func verdict(reasons: [String] = [], _ change: (inout StatusSnapshot) -> Void = { _ in }) -> Verdict {
    var status = StatusSnapshot(version: "1", reasons: reasons, uptime: 60, liveCalls: 3, callLimit: 2_000)
    status.agents = [.init(id: "desk", name: "Front Desk"), .init(id: "bill", name: "Billing")]
    change(&status)
    return Verdict(on: status)
  }

  @Test("a server with nothing wrong is ready, and that is all there is to say")
  func good() {
    #expect(verdict() == verdict { $0.agents[0].lastAnswerSecondsAgo = 5 })
    #expect(verdict().tone == .good && verdict().points.isEmpty && verdict().headline == "Ready: calls are accepted")
  }

  @Test("one that takes no calls says why; one that drains says how many are left")
  func notReady() {
    let reasons = ["no issuer's keys are there yet"]
    let notReady = verdict(reasons: reasons)
    #expect(notReady.tone == .bad && notReady.headline == "Not ready: no calls are accepted")
    #expect(notReady.points.map(\.text) == reasons)
    let draining = verdict(reasons: ["the server is draining"]) { $0.isDraining = true }
    #expect(draining.headline == "Draining: no new calls are accepted, 3 calls still live")
  }

  @Test("calls that fail are red, with the last failure and a way to the calls")
  func bots() {
    let failing = verdict { status in
      status.agents[1].recent.ended = 12
      status.agents[1].recent.failed = 12
      status.agents[1].isLeftAlone = true
      status.agents[1].lastFailure = .init(text: "unreachable: nobody listens", secondsAgo: 4)
    }
    #expect(failing.tone == .bad && failing.headline == "Calls are accepted, but a bot fails")
    #expect(
      failing.points == [
        .init(
          tone: .bad,
          text: "Billing: 12 of 12 calls failed in the last 5 minutes; calls are kept away from the bot until one that "
            + "tries gets an answer", detail: "unreachable: nobody listens", search: "bill",
          runbook: "patchbaybotleftalone")
      ])
    let all = verdict { status in
      for index in status.agents.indices { status.agents[index].failuresInRow = 3 }
    }
    #expect(all.headline == "Calls are accepted, but no bot answers them")
    #expect(all.points.first?.text == "Front Desk: the bot failed its last 3 calls")
  }

  @Test(
    "a few failures among many calls are a warning, half of them are not",
    arguments: [(1, 2, "warning"), (2, 100, "warning"), (3, 7, "warning"), (3, 6, "bad"), (50, 100, "bad")])
  func share(failed: Int, ended: Int, tone: String) {
    let verdict = verdict { status in
      status.agents[0].recent.failed = failed
      status.agents[0].recent.ended = ended
    }
    #expect(verdict.tone.rawValue == tone)
  }

  @Test("refused calls are shown, red where more are refused than taken")
  func refusals() {
    let some = verdict { status in
      status.recent.refused = 1
      status.recent.started = 50
      status.lastRefusal = .init(text: "notFound: there is no such virtual agent", secondsAgo: 9)
    }
    #expect(some.tone == .warning && some.points[0].text == "1 RPC was refused in the last 5 minutes")
    #expect(some.points[0].detail == "notFound: there is no such virtual agent")
    #expect(verdict { $0.recent.refused = 20 }.tone == .bad)
  }

  @Test("a refused reload is shown with the first mistake, until the file is in force")
  func reload() {
    let refused = verdict { status in
      status.configuration.refusedSecondsAgo = 3
      status.configuration.mistakes = ["line 4: there is no key `x`", "line 9: …"]
    }
    #expect(refused.tone == .warning && refused.points[0].detail == "line 4: there is no key `x`")
    #expect(verdict { $0.configuration.revocationMistakes = ["line 1: no UUID"] }.points.count == 1)
  }

  @Test(
    "certificates warn a fortnight before their end, as the alert does",
    arguments: [
      (1_209_600, "good"), (1_209_599, "warning"), (1, "warning"), (0, "bad"), (-5, "bad"),
    ] as [(Int64, String)])
  func certificates(left: Int64, tone: String) {
    #expect(verdict { $0.certificates = [.init(listener: "l", secondsLeft: left)] }.tone.rawValue == tone)
  }

  @Test("a registration is red where its renewal is long overdue, unless another server looks after it")
  func registrations() {
    func tone(_ state: String, _ left: Int64?, isEnding: Bool = false, failures: Int = 0) -> Verdict.Tone {
      verdict { status in
        var one = StatusSnapshot.Registration(name: "Northwind", state: state)
        one.secondsLeft = left
        one.isEnding = isEnding
        one.failures = failures
        status.registrations = [one]
      }.tone
    }
    #expect(tone("active", 30) == .good && tone("active", 1_799, isEnding: true) == .bad)
    #expect(tone("active", 30, failures: 1) == .warning)
    #expect(tone("active", 80_000, failures: 2) == .warning && tone("seeking", nil) == .good)
    #expect(tone("lapsed", 0) == .bad && tone("disabled", 900) == .warning && tone("elsewhere", 60) == .good)
  }

  @Test("keys that are old, or cannot be fetched, are a warning")
  func keys() {
    func tone(_ keys: Int, age: Double?, failures: Int) -> Verdict.Tone {
      verdict { status in
        var one = StatusSnapshot.KeySet(issuer: "i", keys: keys)
        one.age = age
        one.failures = failures
        status.keySets = [one]
      }.tone
    }
    #expect(tone(3, age: 60, failures: 0) == .good && tone(3, age: 3_601, failures: 0) == .warning)
    #expect(tone(3, age: 60, failures: 1) == .warning && tone(0, age: nil, failures: 1) == .warning)
  }

  @Test("limits that are near are named, the server's and the tenants'; what is worst comes first")
  func places() {
    let verdict = verdict { status in
      status.liveCalls = 1_900
      status.tenants = [.init(name: "Northwind", organization: "o", live: 20, limit: 20)]
      status.certificates = [.init(listener: "l", secondsLeft: 0)]
    }
    #expect(
      verdict.points.map(\.text) == [
        "The certificate of l has ended", "The server has 1900 of 2000 calls that may be live at once",
        "Northwind has 20 of 20 calls that may be live at once",
      ])
    #expect(verdict.points.last?.search == "Northwind")
  }
}
