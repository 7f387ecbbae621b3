import Testing

@testable import GRPCTransport

@Suite("Places of the health services")
struct HealthPlacesTests {
  @Test("one connection has no more than its share")
  func share() {
    var places = HealthPlaces<Int>(most: 10, mostPerConnection: 3, oldestGivesWay: false)
    let entries = (0..<4).map { _ in places.enter(0, "a") != nil }
    #expect(entries == [true, true, true, false])
    let other = places.enter(1, "b")
    #expect(other != nil && other?.givesWay == nil)
    #expect(places.holders.count == 4)
  }

  @Test("when all are taken, the newest of the connection with most gives way to one with fewer")
  func fairness() throws {
    var places = HealthPlaces<Int>(most: 4, mostPerConnection: 3, oldestGivesWay: false)
    let first = places.enter(0, "honest")?.number
    for holder in 1...3 { _ = places.enter(holder, "greedy") }
    let entry = places.enter(4, "newcomer")
    #expect(entry?.givesWay == 3 && places.holders == [0, 1, 2, 4])
    places.leave(try #require(entry).number)
    places.leave(try #require(first))
    let again = places.enter(5, "greedy")
    #expect(again != nil && places.holders.count == 3)
  }

  @Test("where each has one, a newcomer finds none")
  func full() {
    var places = HealthPlaces<Int>(most: 3, mostPerConnection: 3, oldestGivesWay: false)
    let entries = ["a", "b", "c", "d"].map { places.enter(0, $0) != nil }
    #expect(entries == [true, true, true, false])
  }

  @Test("who has waited longest gives way")
  func oldest() {
    var places = HealthPlaces<Int>(most: 2, mostPerConnection: 2, oldestGivesWay: true)
    #expect(places.enter(1, "a") != nil && places.enter(2, "b") != nil)
    let third = places.enter(3, "c")
    #expect(third?.givesWay == 1)
    let fourth = places.enter(4, "d")
    #expect(fourth?.givesWay == 2)
    #expect(places.holders.count == 2)
  }
}
