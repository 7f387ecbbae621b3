/// The last stretch of a stream's samples, so that speech can be handed over from before it was noticed.
public struct PreRoll: Sendable {
  /// The most samples it keeps.
  public private(set) var capacity: Int
  /// Samples it holds.
  public private(set) var count = 0

  private var ring: [Int16]
  private var head = 0

  /// A ring for a number of samples, allocated at once.
  public init(capacity: Int) {
    self.capacity = max(0, capacity)
    ring = [Int16](repeating: 0, count: self.capacity)
  }

  /// Forgets all samples.
  public mutating func reset() {
    count = 0
    head = 0
  }

  /// Keeps another number of samples from now on; of those it holds, the last that fit.
  public mutating func resize(to capacity: Int) {
    guard capacity != self.capacity else { return }
    var resized = PreRoll(capacity: capacity)
    withLast(count) { resized.append($0) }
    self = resized
  }

  /// Adds samples; the oldest make room.
  public mutating func append(_ samples: UnsafeBufferPointer<Int16>) {
    let samples = UnsafeBufferPointer(rebasing: samples.suffix(capacity))
    guard !samples.isEmpty else { return }
    let first = min(samples.count, capacity - head)
    ring.withUnsafeMutableBufferPointer { ring in
      for index in 0..<first { ring[head + index] = samples[index] }
      for index in first..<samples.count { ring[index - first] = samples[index] }
    }
    head = (head + samples.count) % capacity
    count = min(capacity, count + samples.count)
  }

  /// Gives the last `length` samples, or as many as there are, in one or two pieces, oldest first.
  public func withLast(_ length: Int, _ body: (UnsafeBufferPointer<Int16>) -> Void) {
    let length = min(max(0, length), count)
    guard length > 0 else { return }
    let start = (head - length + capacity) % capacity
    let first = min(length, capacity - start)
    ring.withUnsafeBufferPointer { ring in
      body(UnsafeBufferPointer(rebasing: ring[start..<start + first]))
      if length > first { body(UnsafeBufferPointer(rebasing: ring[0..<length - first])) }
    }
  }
}
