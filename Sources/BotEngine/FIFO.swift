/// First in, first out, in a ring that grows to the most it has held: both ends cost the same however long it is.
struct FIFO<Element> {
  private var slots: [Element?] = []
  private var head = 0

  /// How many elements there are.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// The element that is removed next.
  var first: Element? { count == 0 ? nil : slots[head] }

  mutating func append(_ element: Element) {
    if count == slots.count {
      var grown = Array(slots[head...])
      grown += slots[..<head]
      grown += repeatElement(nil, count: max(8, count))
      slots = grown
      head = 0
    }
    slots[(head + count) % slots.count] = element
    count += 1
  }

  mutating func removeFirst() -> Element? {
    guard count > 0 else { return nil }
    defer {
      slots[head] = nil
      head = (head + 1) % slots.count
      count -= 1
    }
    return slots[head]
  }
}

extension FIFO: Sendable where Element: Sendable {}
