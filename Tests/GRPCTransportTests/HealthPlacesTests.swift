import Testing

@testable import GRPCTransport

@Suite("Places of the health services")
struct HealthPlacesTests {
  @Test("one connection has no more than its share")
  func share() {
    var places = HealthPlaces(most: 10, mostPerConnection: 3, oldestGivesWay: false)
    let entries = (0..<4).map { _ in places.enter("a") != nil }
    #expect(entries == [true, true, true, false])
    let other = places.enter("b")
    #expect(other != nil && other?.givesWay == nil)
    #expect(places.count == 4)
  }

  @Test("when all are taken, the newest of the connection with most gives way to one with fewer")
  func fairness() throws {
    var places = HealthPlaces(most: 4, mostPerConnection: 3, oldestGivesWay: false)
    let first = places.enter("honest")?.number
    let greedy = (0..<3).compactMap { _ in places.enter("greedy")?.number }
    let entry = places.enter("newcomer")
    #expect(entry?.givesWay == greedy.last)
    places.leave(try #require(entry).number)
    places.leave(try #require(first))
    let again = places.enter("greedy")
    #expect(again != nil && places.count == 3)
  }

  @Test("where each has one, a newcomer finds none")
  func full() {
    var places = HealthPlaces(most: 3, mostPerConnection: 3, oldestGivesWay: false)
    let entries = ["a", "b", "c", "d"].map { places.enter($0) != nil }
    #expect(entries == [true, true, true, false])
  }

  @Test("who has waited longest gives way")
  func oldest() {
    var places = HealthPlaces(most: 2, mostPerConnection: 2, oldestGivesWay: true)
    let first = places.enter("a")?.number
    let second = places.enter("b")?.number
    let third = places.enter("c")
    #expect(first != nil && third?.givesWay == first)
    let fourth = places.enter("d")
    #expect(second != nil && fourth?.givesWay == second)
    #expect(places.count == 2)
  }
}
