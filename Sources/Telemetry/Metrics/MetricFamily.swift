/// What is said of a metric before it has any value: all series of one name.
public struct MetricFamily: Sendable {
  enum Kind: String {
    case counter
    case gauge
    case histogram
  }

  /// As it is exposed.
  public let name: String
  /// The names of its labels, in order.
  public let labels: [String]
  /// What it means, in one line.
  public let help: String
  let kind: Kind
  /// A histogram's upper bounds, rising, inclusive; ``HistogramInstrument/maximumBounds`` of them are used.
  let bounds: [Double]

  /// A number that only rises; its name ends with `_total`.
  public static func counter(_ name: String, _ help: String, by labels: [String] = []) -> MetricFamily {
    MetricFamily(name: name, labels: labels, help: help, kind: .counter, bounds: [])
  }

  /// A number that rises and falls.
  public static func gauge(_ name: String, _ help: String, by labels: [String] = []) -> MetricFamily {
    MetricFamily(name: name, labels: labels, help: help, kind: .gauge, bounds: [])
  }

  /// A distribution; in seconds unless its name has another unit. Without bounds it has those of latencies.
  public static func histogram(
    _ name: String, _ help: String, by labels: [String] = [], bounds: [Double]? = nil
  ) -> MetricFamily {
    MetricFamily(
      name: name, labels: labels, help: help, kind: .histogram, bounds: bounds ?? HistogramInstrument.latencies)
  }
}
