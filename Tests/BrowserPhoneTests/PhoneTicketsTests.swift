import Testing

@testable import BrowserPhone

@Suite("Tickets of the phone's socket")
struct PhoneTicketsTests {
  @Test("a ticket opens one socket")
  func once() {
    var tickets = PhoneTickets()
    let ticket = tickets.issue(at: .zero)
    let opens = (0..<2).map { _ in tickets.redeem(ticket, at: .seconds(1)) }
    #expect(ticket.utf8.count == 32 && opens == [true, false])
  }

  @Test("a ticket is good for half a minute")
  func lifetime() {
    var tickets = PhoneTickets()
    let both = [tickets.issue(at: .zero), tickets.issue(at: .seconds(1))]
    let opens = both.map { tickets.redeem($0, at: .milliseconds(30_001)) }
    #expect(opens == [false, true])
  }

  @Test("others open nothing, and no two are alike", arguments: ["", "0", String(repeating: "0", count: 32)])
  func others(text: String) {
    var tickets = PhoneTickets()
    let two = [tickets.issue(at: .zero), tickets.issue(at: .zero)]
    let opens = tickets.redeem(text, at: .zero)
    #expect(two[0] != two[1] && !opens)
  }

  @Test("more than are kept end the oldest")
  func bound() {
    var tickets = PhoneTickets()
    let all = (0...PhoneTickets.maximum).map { _ in tickets.issue(at: .zero) }
    let opens = all.map { tickets.redeem($0, at: .zero) }
    #expect(opens == [false] + Array(repeating: true, count: PhoneTickets.maximum))
  }
}
