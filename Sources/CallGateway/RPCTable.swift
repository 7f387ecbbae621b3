import WebexProtocol

/// What belongs to each of a call's few RPCs, in no order: a look at all of them costs a frame less than hashing does.
struct RPCTable<Value> {
  private var entries: [(id: RPCID, value: Value)] = []

  var isEmpty: Bool { entries.isEmpty }
  var values: [Value] { entries.map(\.value) }

  subscript(id: RPCID) -> Value? {
    get {
      for entry in entries where entry.id == id { return entry.value }
      return nil
    }
    set {
      let place = entries.firstIndex { $0.id == id }
      switch (place, newValue) {
      case (let place?, let value?): entries[place].value = value
      case (let place?, nil): entries.remove(at: place)
      case (nil, let value?): entries.append((id, value))
      case (nil, nil): break
      }
    }
  }

  /// Takes out what belongs to an RPC.
  mutating func removeValue(forKey id: RPCID) -> Value? {
    guard let place = entries.firstIndex(where: { $0.id == id }) else { return nil }
    return entries.remove(at: place).value
  }
}
