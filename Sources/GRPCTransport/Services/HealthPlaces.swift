/// Who has one of the few places of the health services, which answer everybody without a token. A pure value.
///
/// A newcomer that finds no place free is given that of somebody who has more of them than their share, so that nobody
/// can keep honest watchers and probes out by taking all of them.
struct HealthPlaces<Holder: Sendable> {
  /// Places in all.
  let most: Int
  /// Places that one connection may have.
  let mostPerConnection: Int
  /// Whether the oldest gives way when nobody has more than their share.
  let oldestGivesWay: Bool

  private struct Place {
    var number: Int
    var connection: String
    var holder: Holder
  }
  /// The oldest first.
  private var places: [Place] = []
  private var counts: [String: Int] = [:]
  private var next = 0

  init(most: Int, mostPerConnection: Int, oldestGivesWay: Bool) {
    self.most = most
    self.mostPerConnection = mostPerConnection
    self.oldestGivesWay = oldestGivesWay
  }

  /// Who has a place, the oldest first.
  var holders: [Holder] { places.map(\.holder) }

  /// Takes a place. Gives its number, and whose place it was where somebody has to give way; nil where there is none.
  mutating func enter(_ holder: Holder, _ connection: String) -> (number: Int, givesWay: Holder?)? {
    let own = counts[connection] ?? 0
    var givesWay: Place?
    if own >= mostPerConnection {
      guard oldestGivesWay, let oldest = places.first(where: { $0.connection == connection }) else { return nil }
      givesWay = oldest
    } else if places.count >= most {
      if let (greediest, count) = counts.max(by: { $0.value < $1.value }), count >= own + 2 {
        // The newest of theirs: what they had when there was room may be honest.
        givesWay = places.last { $0.connection == greediest }
      } else if oldestGivesWay {
        givesWay = places.first
      }
      if givesWay == nil { return nil }
    }
    if let givesWay { leave(givesWay.number) }
    next += 1
    places.append(Place(number: next, connection: connection, holder: holder))
    counts[connection, default: 0] += 1
    return (next, givesWay?.holder)
  }

  /// Gives a place back; of no effect where it is gone already.
  mutating func leave(_ number: Int) {
    guard let index = places.firstIndex(where: { $0.number == number }) else { return }
    let connection = places.remove(at: index).connection
    let left = (counts[connection] ?? 1) - 1
    counts[connection] = left > 0 ? left : nil
  }

  mutating func removeAll() {
    places = []
    counts = [:]
  }
}
