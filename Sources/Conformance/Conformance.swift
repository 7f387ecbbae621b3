package import GRPCTransport

/// Plays Webex at a server and judges it by the rules of the interface.
package struct Conformance: Sendable {
  /// The names of the cases that are here without a partner's scenarios, in order.
  package static var cases: [String] { ConformanceCase.all.map(\.name) }

  private let plan: ConformancePlan

  /// A test of a server.
  package init(_ plan: ConformancePlan) { self.plan = plan }

  /// Plays the cases. Throws only where they cannot be played: a target, a TLS file or a scenario's audio that cannot be used, or
  /// ``UnreachableServerError`` where nobody answers at the target.
  ///
  /// - Parameter isDone: told the name of each case that is over, and how many rules it found broken.
  package func run(
    on loops: EventLoopGroup, isDone: @escaping @Sendable (_ name: String, _ failed: Int) -> Void = { _, _ in }
  ) async throws -> ConformanceReport {
    let bench = try Bench(plan, loop: loops.nextLoop())
    let own = try plan.scenarios.map { try ConformanceCase($0, format: plan.settings.format) }
    do { try await bench.reach() } catch {
      bench.channel.close()
      throw error
    }
    let cases = ((plan.hasScenariosOnly ? [] : ConformanceCase.all) + own).filter {
      plan.only.isEmpty || plan.only.contains($0.name)
    }
    var found: [Int: [Judgement]] = [:]
    try await withThrowingTaskGroup(of: (Int, [Judgement]).self) { group in
      var next = cases.indices.makeIterator()
      func begin() {
        guard let index = next.next() else { return }
        // What a case of the other wire would judge stays skipped.
        guard bench.isSocket ? cases[index].isForSockets : !cases[index].isForSocketsOnly else {
          found[index] = []
          return begin()
        }
        group.addTask { (index, try await cases[index].play(bench)) }
      }
      for _ in 0..<max(1, plan.callsAtOnce) { begin() }
      while let (index, judgements) = try await group.next() {
        found[index] = judgements
        isDone(cases[index].name, judgements.count { $0.verdict == .failed })
        begin()
      }
    }
    bench.channel.close()
    let judgements = cases.indices.flatMap { index in
      (found[index] ?? []).map { (name: cases[index].name, judgement: $0) }
    }
    let rules = Rule.all.filter { bench.isSocket || !$0.isOfSocketsOnly } + plan.scenarios.flatMap(\.rules)
    return ConformanceReport(target: plan.route.target, rules: rules, judgements)
  }
}
