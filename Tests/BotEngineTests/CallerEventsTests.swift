import Testing

@testable import BotEngine

@Suite("The events of a call")
struct CallerEventsTests {
  private func stretch(_ milliseconds: Int, at offset: Int = 0, rate: Int = 8000) -> CallerEvent {
    .audio(
      CallerAudio(samples: [Int16](repeating: 0, count: milliseconds * rate / 1000), sampleRate: rate, offset: offset))
  }

  /// The names of the events that are there, up to and with the end of the call.
  private func drain(_ events: CallerEvents) async -> [String] {
    var names: [String] = []
    for await event in events { names.append("\(event)") }
    return names
  }

  @Test("what is known of the end of a turn is for those who ask; others are told that it has ended")
  func turns() async {
    for isEager in [true, false] {
      let events = CallerEvents()
      events.deliver(.speechStarted(offset: 1), turn: 1)
      events.deliver(TurnEvent.mayBeOver(offset: 2), turn: 2)
      events.deliver(TurnEvent.resumed, turn: 3)
      events.deliver(TurnEvent.mayBeOver(offset: 4), turn: 4)
      events.deliver(TurnEvent.over(offset: 4), turn: 4)
      events.deliver(.ended(.hangup), turn: 5)
      var heard: [String] = []
      if isEager {
        for await event in events.withTurns { heard.append("\(event)") }
        #expect(
          heard == [
            "speech started (at 1 ms)", "turn may be over (at 2 ms)", "turn resumed", "turn may be over (at 4 ms)",
            "turn over (at 4 ms)", "ended (hangup)",
          ])
      } else {
        for await event in events { heard.append("\(event)") }
        #expect(heard == ["speech started (at 1 ms)", "speech ended (at 4 ms)", "ended (hangup)"])
      }
      #expect(events.turn == 5)
    }
  }

  @Test("come in the order they were delivered in, audio and others mixed, and end after the call's end")
  func order() async {
    let events = CallerEvents()
    events.deliver(.started, turn: 1)
    events.deliver(stretch(20, at: 0), turn: 1)
    events.deliver(.speechStarted(offset: 5), turn: 2)
    events.deliver(stretch(20, at: 20), turn: 2)
    events.deliver(.speechEnded(offset: 30), turn: 2)
    events.deliver(.ended(.hangup), turn: 3)
    events.deliver(.noInput, turn: 4)
    #expect(
      await drain(events) == [
        "started", "audio (160 samples at 8000 Hz from 0 ms)", "speech started (at 5 ms)",
        "audio (160 samples at 8000 Hz from 20 ms)", "speech ended (at 30 ms)", "ended (hangup)",
      ])
  }

  @Test("tell the turn of the event taken last, not of the one delivered last")
  func turn() async {
    let events = CallerEvents()
    events.deliver(.started, turn: 4)
    events.deliver(.noInput, turn: 7)
    #expect(events.turn == 0)
    var iterator = events.makeAsyncIterator()
    _ = await iterator.next()
    #expect(events.turn == 4)
    _ = await iterator.next()
    #expect(events.turn == 7)
  }

  @Test("keep ten seconds of audio for a slow bot and drop the oldest beyond that", arguments: [8000, 16000])
  func audioBound(rate: Int) async {
    let events = CallerEvents()
    events.deliver(.started, turn: 1)
    for index in 0..<600 { events.deliver(stretch(20, at: index * 20, rate: rate), turn: 1) }
    events.deliver(.ended(.hangup), turn: 1)
    #expect(events.droppedAudio == 100)
    let names = await drain(events)
    #expect(names.count == 502)
    #expect(names.first == "started")
    #expect(names.dropFirst().first == "audio (\(rate / 50) samples at \(rate) Hz from 2000 ms)")
    #expect(names.last == "ended (hangup)")
  }

  @Test("make room for a long stretch by dropping as many short ones as it takes, and drop one over the bound alone")
  func longStretches() async {
    let events = CallerEvents()
    for index in 0..<10 { events.deliver(stretch(1000, at: index * 1000), turn: 1) }
    events.deliver(stretch(4000, at: 10_000), turn: 1)
    #expect(events.droppedAudio == 4)
    events.deliver(stretch(10_001, at: 14_000), turn: 1)
    #expect(events.droppedAudio == 12)
    events.deliver(stretch(20, at: 24_001), turn: 1)
    events.deliver(.ended(.hangup), turn: 1)
    #expect(await drain(events) == ["audio (160 samples at 8000 Hz from 24001 ms)", "ended (hangup)"])
  }

  @Test("keep a bounded number of stretches, even of empty ones or ones of a rate of zero")
  func stretchBound() async {
    let events = CallerEvents()
    for _ in 0..<5000 { events.deliver(.audio(CallerAudio(samples: [], sampleRate: 0, offset: 0)), turn: 1) }
    events.deliver(.ended(.hangup), turn: 1)
    #expect(events.droppedAudio == 5000 - CallerEvents.maximumStretches)
    #expect(await drain(events).count == CallerEvents.maximumStretches + 1)
  }

  @Test("keep a bounded number of other events, drop the oldest beyond it, and never the end")
  func eventBound() async {
    let events = CallerEvents()
    for offset in 0..<10_000 { events.deliver(.speechStarted(offset: offset), turn: 1) }
    events.deliver(.ended(.idle), turn: 1)
    #expect(events.droppedEvents == 10_001 - CallerEvents.maximumEvents)
    let names = await drain(events)
    #expect(names.count == CallerEvents.maximumEvents)
    #expect(names.last == "ended (idle)")
    #expect(names.dropLast().last == "speech started (at 9999 ms)")
  }

  @Test("wake a bot that waits")
  func waking() async {
    let events = CallerEvents()
    let bot = Task { await drain(events) }
    for index in 0..<100 {
      if index.isMultiple(of: 3) { await Task.yield() }
      events.deliver(.speechStarted(offset: index), turn: index)
    }
    events.deliver(.ended(.hangup), turn: 100)
    #expect(await bot.value.count == 101)
  }

  @Test("end at once when the bot's task is cancelled, whether it waits or has events left")
  func cancellation() async {
    let events = CallerEvents()
    let waiting = Task { await drain(events) }
    await Task.yield()
    waiting.cancel()
    #expect(await waiting.value.isEmpty)

    events.deliver(.started, turn: 1)
    let late = Task { () -> [String] in
      while !Task.isCancelled { await Task.yield() }
      return await drain(events)
    }
    late.cancel()
    #expect(await late.value.isEmpty)
    events.deliver(.ended(.hangup), turn: 2)
    #expect(await drain(events) == ["started", "ended (hangup)"])
  }

  @Test("survive cancellation at any moment of waiting", .timeLimit(.minutes(1)))
  func cancellationRace() async {
    for round in 0..<2000 {
      let events = CallerEvents()
      let bot = Task { await drain(events) }
      if round.isMultiple(of: 2) { await Task.yield() }
      if round.isMultiple(of: 3) { events.deliver(.started, turn: 1) }
      bot.cancel()
      #expect(await bot.value.count <= 1)
    }
  }

  @Test("go each to one of several that iterate, all of whom see the end", .timeLimit(.minutes(1)))
  func severalIterators() async {
    let events = CallerEvents()
    let taken = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 { group.addTask { await drain(events).count } }
      for index in 0..<1000 {
        events.deliver(.speechStarted(offset: index), turn: 1)
        // The bound on events is not what is tested here.
        if index.isMultiple(of: 50) { try? await Task.sleep(for: .milliseconds(1)) }
      }
      events.deliver(.ended(.hangup), turn: 1)
      return await group.reduce(0, +)
    }
    #expect(taken + events.droppedEvents == 1001)
  }

  @Test("are all taken, in order, while they are delivered from another thread", .timeLimit(.minutes(1)))
  func concurrency() async {
    let events = CallerEvents()
    async let delivered: Void = Task.detached {
      for index in 0..<20_000 {
        events.deliver(.speechStarted(offset: index), turn: index)
        if index.isMultiple(of: 100) { await Task.yield() }
      }
      events.deliver(.ended(.hangup), turn: 20_000)
    }.value
    var last = -1
    var count = 0
    for await event in events {
      count += 1
      guard case .speechStarted(let offset) = event else { continue }
      #expect(offset > last)
      #expect(events.turn == offset)
      last = offset
    }
    await delivered
    #expect(count + events.droppedEvents == 20_001)
  }
}
