import CoreMetrics
import Synchronization

/// A counter or gauge of whole or floating-point numbers; changed without a lock.
final class NumberInstrument: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler {
  private let whole = Atomic<Int64>(0)
  private let fraction = AtomicDouble(0)

  /// What is exposed.
  var value: Double { Double(whole.load(ordering: .relaxed)) + fraction.value }

  func increment(by amount: Int64) { whole.wrappingAdd(amount, ordering: .relaxed) }

  func increment(by amount: Double) { if amount.isFinite { fraction.add(amount) } }

  func decrement(by amount: Double) { if amount.isFinite { fraction.add(-amount) } }

  func reset() { set(0 as Int64) }

  func set(_ value: Int64) {
    whole.store(value, ordering: .relaxed)
    fraction.store(0)
  }

  func set(_ value: Double) {
    whole.store(0, ordering: .relaxed)
    fraction.store(value)
  }

  func record(_ value: Int64) { set(value) }

  func record(_ value: Double) { set(value) }
}

/// A distribution over fixed buckets; changed without a lock. A reader may see a value's bucket before its sum.
final class HistogramInstrument: TimerHandler, RecorderHandler {
  /// Upper bounds in seconds for the latencies of a conversation: close together where people begin to notice.
  static let latencies: [Double] = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10]
  /// Bounds that a histogram has at most.
  static let maximumBounds = 16

  /// Upper bounds, inclusive.
  let bounds: [Double]
  // One counter for each bound, and one beyond.
  private let counts = InlineArray<17, Atomic<Int>> { _ in Atomic(0) }
  private let sum = AtomicDouble(0)

  init(bounds: [Double]) { self.bounds = Array(bounds.prefix(Self.maximumBounds)) }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    guard value.isFinite else { return }
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    counts[bucket].wrappingAdd(1, ordering: .relaxed)
    sum.add(value)
  }

  /// Values up to each bound and in all, and their sum.
  var snapshot: (cumulative: [Int], sum: Double) {
    var cumulative: [Int] = []
    var total = 0
    for index in 0...bounds.count {
      total += counts[index].load(ordering: .relaxed)
      cumulative.append(total)
    }
    return (cumulative, sum.value)
  }
}
