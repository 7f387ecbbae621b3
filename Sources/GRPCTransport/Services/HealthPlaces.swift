/// Who has one of the few places of the health services, which answer everybody without a token. A pure value.
///
/// A newcomer that finds no place free is given that of somebody who has more of them than their share, so that nobody
/// can keep honest watchers and probes out by taking all of them.
struct HealthPlaces {
  /// Places in all.
  let most: Int
  /// Places that one connection may have.
  let mostPerConnection: Int
  /// Whether the oldest gives way when nobody has more than their share.
  let oldestGivesWay: Bool

  private struct Holder {
    var number: Int
    var connection: String
  }
  /// The oldest first.
  private var holders: [Holder] = []
  private var counts: [String: Int] = [:]
  private var next = 0

  init(most: Int, mostPerConnection: Int, oldestGivesWay: Bool) {
    self.most = most
    self.mostPerConnection = mostPerConnection
    self.oldestGivesWay = oldestGivesWay
  }

  /// How many places are taken.
  var count: Int { holders.count }

  /// Takes a place. Gives its number, and whose place it was where somebody has to give way; nil where there is none.
  mutating func enter(_ connection: String) -> (number: Int, givesWay: Int?)? {
    let own = counts[connection] ?? 0
    var givesWay: Int?
    if own >= mostPerConnection {
      guard oldestGivesWay, let oldest = holders.first(where: { $0.connection == connection }) else { return nil }
      givesWay = oldest.number
    } else if holders.count >= most {
      if let (greediest, count) = counts.max(by: { $0.value < $1.value }), count >= own + 2 {
        // The newest of theirs: what they had when there was room may be honest.
        givesWay = holders.last { $0.connection == greediest }?.number
      } else if oldestGivesWay {
        givesWay = holders.first?.number
      }
      if givesWay == nil { return nil }
    }
    if let givesWay { leave(givesWay) }
    next += 1
    holders.append(Holder(number: next, connection: connection))
    counts[connection, default: 0] += 1
    return (next, givesWay)
  }

  /// Gives a place back; of no effect where it is gone already.
  mutating func leave(_ number: Int) {
    guard let index = holders.firstIndex(where: { $0.number == number }) else { return }
    let connection = holders.remove(at: index).connection
    let left = (counts[connection] ?? 1) - 1
    counts[connection] = left > 0 ? left : nil
  }
}
