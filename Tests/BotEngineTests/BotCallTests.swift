import BotEngine
import Locking
import Testing

@Suite("A call, to a bot")
struct BotCallTests {
  private let events = CallerEvents()
  private let info = CallInfo(
    organization: "org", conversation: "c-1", agent: "front-desk", vendorConfiguration: "canary-vendor",
    additionalInfo: ["name": "canary-name"])

  @Test("marks commands with the turn of the event taken last")
  func turns() async {
    let sent = Locked<[(String, Int)]>([])
    let call = BotCall(info: info, events: events) { command, turn in
      sent.withLock { $0.append(("\(command)".prefix { $0 != "(" }.description, turn)) }
    }
    events.deliver(.started, turn: 1)
    events.deliver(.interrupted(playedMilliseconds: 10), turn: 2)
    var iterator = events.makeAsyncIterator()
    _ = await iterator.next()
    let begun = call.turn
    call.endTurn(saying: "Hello")
    _ = await iterator.next()
    call.send(.clear)
    call.send(.text("late", bargeIn: true), turn: begun)
    #expect(sent.withLock { $0.map(\.0) } == ["text", "endTurn", "clear", "text"])
    #expect(sent.withLock { $0.map(\.1) } == [1, 1, 2, 1])
  }

  @Test("S1: writes itself and its events without digits, parameters, samples or what it was handed")
  func descriptions() {
    let written: [Any] = [
      info, CallerEvent.digits("4111111111111111"),
      CallerEvent.custom(name: "canary-event", parameters: ["canary-key": .string("canary-value")]),
      CallerEvent.audio(CallerAudio(samples: [31_313], sampleRate: 8000, offset: 0)),
      CallerAudio(samples: [31_313], sampleRate: 8000, offset: 0),
    ]
    for value in written {
      for text in ["\(value)", String(reflecting: value), "\([value])"] {
        #expect(!text.contains("canary"))
        #expect(!text.contains("4111"))
        #expect(!text.contains("31313"))
      }
    }
    #expect("\(CallerEvent.digits("4111"))" == "digits (4)")
  }

  @Test(
    "knows which events wait for an answer",
    arguments: [
      (CallerEvent.started, true), (.speechEnded(offset: 1), true), (.digits("1"), true), (.noInput, true),
      (.custom(name: "a", parameters: [:]), true), (.speechStarted(offset: 1), false),
      (.interrupted(playedMilliseconds: 1), false), (.ended(.hangup), false),
      (.audio(CallerAudio(samples: [], sampleRate: 8000, offset: 0)), false),
    ])
  func answers(event: CallerEvent, expects: Bool) { #expect(event.expectsAnswer == expects) }
}
