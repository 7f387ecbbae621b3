import Basics
import Foundation
import Locking
import Ownership
import ReplicaSharing

/// The limits of organizations among the processes of one server: each tells its numbers in a file, and reads those of the
/// others. What is left of a limit is divided among those that take calls, as among servers that share a Redis.
final class ProcessSharing: Sendable {
  /// How often each tells and reads.
  static let pace = Duration.milliseconds(100)

  private let number: Int
  private let table: ProcessTable
  private let reports: ProcessReports
  private let limits = Locked(SharedLimits())

  /// Nothing is known of the others yet.
  init(_ number: Int, table: ProcessTable) {
    self.number = number
    self.table = table
    reports = ProcessReports(folder: table.plan.folder)
  }

  /// How many conversations of an organization this process may have now. Waits for nothing.
  func ceiling(of organization: String, limit: Int) -> Int {
    limits.withLock { $0.ceiling(of: organization, limit: limit, now: MonotonicClock.now()).ceiling }
  }

  /// Tells this process's conversations of each organization, and reads the others'. Reads and writes small files.
  func exchange(_ own: [String: Int]) {
    guard let text = try? JSONEncoder().encode(own) else { return }
    reports.write(String(decoding: text, as: UTF8.self), of: number, .organizations)
    var others: [String: Int] = [:]
    var takers = [number]
    for other in 0..<table.plan.processes where other != number {
      let state = table.state(of: other)
      if state == .gone || state == .starting { continue }
      if state == .ready { takers.append(other) }
      let told = try? JSONDecoder().decode([String: Int].self, from: Data(reports.read(other, .organizations).utf8))
      others.merge(told ?? [:]) { $0 + $1 }
    }
    let now = MonotonicClock.now()
    let reading = SharedLimits.Reading(
      own: own, others: others, replicas: takers.count, rank: takers.sorted().firstIndex(of: number) ?? 0,
      second: Int(now / .seconds(1)))
    limits.withLock { $0.read(reading, now: now) }
  }
}
