/// The last values of a stream, up to a number. Its room is made with the first value.
struct SampleRing<Value: FixedWidthInteger & Sendable>: Sendable {
  /// The most values it keeps.
  let capacity: Int
  /// Values it holds.
  private(set) var count = 0

  private var ring: [Value] = []
  private var head = 0

  init(capacity: Int) { self.capacity = max(0, capacity) }

  /// Whether room was made.
  var hasRoom: Bool { !ring.isEmpty }

  /// Forgets all values.
  mutating func reset() {
    count = 0
    head = 0
  }

  /// Forgets all values, and gives the room back.
  mutating func release() {
    reset()
    ring = []
  }

  /// Adds values; the oldest make room.
  mutating func append(_ values: UnsafeBufferPointer<Value>) {
    let values = UnsafeBufferPointer(rebasing: values.suffix(capacity))
    guard !values.isEmpty else { return }
    if ring.isEmpty { ring = [Value](repeating: 0, count: capacity) }
    let first = min(values.count, capacity - head)
    ring.withUnsafeMutableBufferPointer { ring in
      _ = UnsafeMutableBufferPointer(rebasing: ring[head..<head + first]).update(fromContentsOf: values[..<first])
      _ = UnsafeMutableBufferPointer(rebasing: ring[..<(values.count - first)])
        .update(fromContentsOf: values[first...])
    }
    head = (head + values.count) % capacity
    count = min(capacity, count + values.count)
  }

  /// Gives the last `length` values, or as many as there are, in one or two pieces, oldest first.
  func withLast(_ length: Int, _ body: (UnsafeBufferPointer<Value>) -> Void) {
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
