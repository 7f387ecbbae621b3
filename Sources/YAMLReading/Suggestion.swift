/// The known name nearest to a mistyped one.
public enum Suggestion {
  /// The nearest of `names` by edits (insertion, removal, change, swap of neighbours), if near enough to be meant.
  public static func nearest(to word: String, among names: some Sequence<String>) -> String? {
    guard word.utf8.count <= 96 else { return nil }
    let lower = word.lowercased()
    let limit = max(1, lower.utf8.count / 3)
    var best: (name: String, distance: Int)?
    for name in names where abs(name.utf8.count - lower.utf8.count) <= limit {
      let distance = distance(Array(lower.utf8), Array(name.lowercased().utf8))
      if distance <= limit, distance < best?.distance ?? .max { best = (name, distance) }
    }
    return best?.name
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
      var current = [i + 1]
      current.reserveCapacity(b.count + 1)
      for j in b.indices {
        var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforePrevious[j - 1] + 1) }
        current.append(cost)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[b.count]
  }
}
