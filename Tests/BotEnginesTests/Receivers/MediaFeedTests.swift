import BotEngine
import Testing

@testable import BotEngines

@Suite("A MediaFeed keeps what was not sent, and what the next server has to know first", .timeLimit(.minutes(1)))
struct MediaFeedTests {
  private let events = MediaEvents()
  private let feed: MediaFeed

  init() { feed = MediaFeed(events) }

  private func send(_ all: MediaEvent...) async {
    for event in all {
      events.deliver(event)
      if let next = await feed.next() { feed.sent(next) }
    }
  }

  private func names(_ events: [MediaEvent]) -> [String] {
    events.map { Mirror(reflecting: $0).children.first?.label ?? "" }
  }

  @Test("an event that was not sent is the next one again, in order with what follows")
  func unsent() async {
    #expect(!feed.begin() && feed.begin(), "the second attempt is not the first")
    events.deliver(.sourceRemoved(id: "a"))
    events.deliver(.sourceRemoved(id: "b"))
    for _ in 0..<2 {
      guard case .sourceRemoved("a")? = await feed.next() else { return #expect(Bool(false), "a comes first") }
    }
    feed.sent(.sourceRemoved(id: "a"))
    guard case .sourceRemoved("b")? = await feed.next() else { return #expect(Bool(false), "b comes next") }
  }

  @Test("a new server hears of the sources that are there, the last roster, and that nothing may be stored now")
  func introduction() async {
    #expect(feed.introduction.isEmpty)
    await send(
      .sourceAdded(.init(id: "b", role: .agent)), .sourceAdded(.init(id: "a", role: .caller)),
      .sourceAdded(.init(id: "gone", role: .unknown)), .sourceRemoved(id: "gone"), .roster([]),
      .roster([.init(id: "p")]), .sensitive(true),
      .audio(.init(source: "a", samples: [1], sampleRate: 8000, position: 0)))
    let told = feed.introduction
    #expect(names(told) == ["sourceAdded", "sourceAdded", "roster", "sensitive"])
    guard case .sourceAdded(let first) = told[0], case .roster(let roster) = told[2], case .sensitive(true) = told[3]
    else { return #expect(Bool(false)) }
    #expect(first.id == "a" && roster.map(\.id) == ["p"])
    await send(.sensitive(false))
    #expect(names(feed.introduction) == ["sourceAdded", "sourceAdded", "roster"])
  }

  @Test("it is over once the session's end was sent, or the server wants no more; not before")
  func over() async {
    events.deliver(.ended(.completed))
    let end = await feed.next()
    #expect(!feed.isOver)
    if let end { feed.sent(end) }
    #expect(feed.isOver)
    #expect(await feed.next() == nil)
    let other = MediaFeed(MediaEvents())
    other.close()
    #expect(other.isOver)
  }
}
