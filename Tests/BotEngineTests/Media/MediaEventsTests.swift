import Testing

@testable import BotEngine

@Suite("The events of a media session")
struct MediaEventsTests {
  private func stretch(_ count: Int, at position: Int = 0) -> MediaEvent {
    .audio(MediaAudio(source: "a", samples: [Int16](repeating: 0, count: count), sampleRate: 8000, position: position))
  }

  private func drain(_ events: MediaEvents) async -> [String] {
    var names: [String] = []
    for await event in events { names.append("\(event)") }
    return names
  }

  @Test("come in the order they were delivered in, and end after the session's end")
  func order() async {
    let events = MediaEvents()
    events.deliver(.sourceAdded(MediaSource(id: "a", role: .caller)))
    events.deliver(stretch(160))
    events.deliver(.roster([MediaParticipant(id: "p", displayName: "Ada")]))
    events.deliver(stretch(160, at: 160))
    events.deliver(.ended(.completed))
    #expect(!events.deliver(stretch(160, at: 320)))
    #expect(
      await drain(events) == [
        "source added (caller)", "audio (160 samples at 8000 Hz from 0 ms)", "roster (1)",
        "audio (160 samples at 8000 Hz from 20 ms)", "ended (completed)",
      ])
  }

  @Test("keep so much audio for a slow receiver, drop what comes then, and count it")
  func audioBound() async {
    let events = MediaEvents()
    let fitting = MediaEvents.maximumAudio / 2 / 10_000
    for index in 0..<fitting + 5 { events.deliver(stretch(10_000, at: index * 10_000)) }
    #expect(events.drops == .init(samples: 50_000))
    events.deliver(.ended(.lost))
    let names = await drain(events)
    #expect(names.count == fitting + 1)
    #expect(names.last == "ended (lost)")
  }

  @Test("keep so much video for a slow receiver, and take more once it has caught up")
  func videoBound() async {
    let events = MediaEvents()
    let frame = MediaVideo(
      source: "a", stream: "v", data: [UInt8](repeating: 0, count: 3 << 20), timestamp: 0, milliseconds: 0)
    #expect(events.deliver(.video(frame)))
    #expect(events.deliver(.video(frame)))
    #expect(!events.deliver(.video(frame)))
    var iterator = events.makeAsyncIterator()
    _ = await iterator.next()
    #expect(events.deliver(.video(frame)))
    #expect(events.drops.videoFrames == 1)
  }

  @Test("keep a number of other events, but always the end and what must not be stored")
  func eventBound() {
    let events = MediaEvents()
    for _ in 0..<MediaEvents.maximumEvents + 7 { events.deliver(.sourceRemoved(id: "a")) }
    #expect(events.drops.events == 7)
    #expect(events.deliver(.sensitive(true)))
    #expect(events.deliver(.ended(.shutdown)))
  }

  @Test("wake a receiver that waits, and let a cancelled one go")
  func waiting() async {
    let events = MediaEvents()
    let waiting = Task { await drain(events) }
    await Task.yield()
    events.deliver(.sourceRemoved(id: "a"))
    events.deliver(.ended(.completed))
    #expect(await waiting.value == ["source removed", "ended (completed)"])

    let idle = MediaEvents()
    let cancelled = Task { await drain(idle) }
    await Task.yield()
    cancelled.cancel()
    #expect(await cancelled.value == [])
  }

  @Test("S1: tell their kind and measure in logs, never names, samples or pictures")
  func privacy() {
    let canary = "CANARY"
    let events: [MediaEvent] = [
      .sourceAdded(MediaSource(id: canary, role: .agent, platformID: canary)), .sourceRemoved(id: canary),
      .roster([MediaParticipant(id: "p", displayName: canary)]), stretch(3),
      .video(MediaVideo(source: canary, stream: canary, data: [1], timestamp: 0, milliseconds: 0)),
    ]
    for event in events {
      #expect(!"\(event)".contains(canary))
      #expect(!String(reflecting: event).contains(canary))
    }
    #expect(!"\(MediaParticipant(id: "p", displayName: canary))".contains(canary))
    let info = MediaSessionInfo(
      kind: .fork, organization: "o", conversation: "c", parameters: ["name": .string(canary)])
    #expect("\(info)" == "fork c of o")
  }
}
