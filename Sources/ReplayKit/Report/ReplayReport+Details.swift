public import Foundation
import Glibc

extension ReplayReport {
  /// Which run it was.
  public struct About: Sendable, Codable, Equatable {
    /// The server.
    public var target: String
    /// When the run began, in ISO 8601.
    public var began: String
    /// Processor, cores and system of the machine that called.
    public var machine: String
    /// The command as it was given.
    public var command: String
    /// How many calls, in words.
    public var load: String
    /// What was played.
    public var played: [String]
    /// Whether the caller itself was too slow for the figures to say something of the server.
    public var isReplayerLate: Bool

    enum CodingKeys: String, CodingKey {
      case target, began, machine, command, load, played
      case isReplayerLate = "replayerLate"
    }

    /// A run on this machine.
    public init(target: String, began: Date, command: [String], load: String, played: [String], isReplayerLate: Bool) {
      self.target = target
      self.began = began.formatted(.iso8601)
      machine = Self.machine()
      self.command = String(command.map(Self.quoted).joined(separator: " ").prefix(4000))
      self.load = load
      self.played = Array(played.prefix(50))
      self.isReplayerLate = isReplayerLate
    }

    private static func quoted(_ word: String) -> String {
      let isPlain = word.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_./:=,+@%".unicodeScalars.contains($0))
      }
      return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }

    private static func machine() -> String {
      let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
      var parts = ["\(cores) core\(cores == 1 ? "" : "s")"]
      let cpus = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      if let line = cpus.split(separator: "\n").first(where: { $0.hasPrefix("model name") }),
        let name = line.split(separator: ":").last
      {
        parts.insert(name.trimmingCharacters(in: .whitespaces), at: 0)
      }
      var system = utsname()
      if uname(&system) == 0 {
        let release = withUnsafeBytes(of: system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        parts.append("Linux \(release)")
      }
      return parts.joined(separator: ", ")
    }
  }

  /// What became of one expectation of a recorded call.
  public struct Expectation: Sendable, Codable, Equatable {
    /// The call's name.
    public var call: String
    /// The turn, from 1; 0 is the greeting.
    public var turn: Int
    /// What was expected, in words.
    public var expected: String
    /// Calls in which it was so.
    public var kept: Int
    /// Calls in which it was not.
    public var failed: Int
    /// What came instead, for one.
    public var seen: String?
  }

  /// Nines at which distributions are written: 0 is the shortest time, 1 is 90 %, 2 is 99 %.
  private static let nines = [0.0, 0.301] + stride(from: 0.1, through: 5, by: 0.1).map { ($0 * 10).rounded() / 10 }

  /// Adds what is only in `summary.json` and on the page: distributions, the run over its time, expectations, examples.
  public mutating func addDetails(_ tally: ReplayTally) {
    series = tally.series.series
    examples = tally.failures.mapValues(\.description)
    distributions = Dictionary(
      uniqueKeysWithValues: tally.times.map { measure, times in
        let most = log10(Double(max(1, times.totalCount))) + 0.5
        let points = Self.nines.sorted().filter { $0 <= most }.map { nine in
          [nine, Double(nine == 0 ? times.min : times.valueAtPercentile(100 - 100 / pow(10, nine))) / 1000]
        }
        return (measure.rawValue, points)
      })
  }

  /// A report that was written as JSON before. Throws where it is none.
  public init(json: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(json)) }

  /// This run beside another, for a terminal.
  public func lines(beside other: ReplayReport) -> [String] {
    var rows = [["milliseconds", "p50", "before", "p99", "before"]]
    let before = Dictionary(other.measures.map { ($0.name, $0.times) }) { first, _ in first }
    for (name, times) in measures {
      guard let then = before[name] else { continue }
      rows.append([name] + [times.p50, then.p50, times.p99, then.p99].map(Figures.milliseconds))
    }
    return Table.lines(rows, right: Set(1..<5))
  }
}
