import BotEngine
import Locking
import MetricsTestKit
import Testing

@testable import CallGateway

@Suite("A MediaRelay hands one session to its receivers, none of which can hold up another")
struct MediaRelayTests {
  /// Fails when it is given audio.
  private struct Failing: MediaReceiver {
    struct Fault: Error {}
    func receive(_ session: MediaSession) async throws {
      for await event in session.events { if case .audio = event { throw Fault() } }
    }
  }

  /// Reads nothing until it is cancelled.
  private struct Hanging: MediaReceiver {
    let room = OutputRoom()
    let left: @Sendable () -> Void
    func receive(_ session: MediaSession) async throws {
      room.set(.conversation, isFull: true)
      await room.wait()
      left()
    }
  }

  private let loops = ManualLoops()
  private let puppet = PuppetReceiver()
  private let log = NotedLog()
  private let metrics = TestMetrics()

  private func relay(_ others: [any MediaReceiver] = []) -> MediaRelay {
    metered(metrics) {
      run { loop in
        MediaRelay(
          info: MediaSessionInfo(kind: .fork, organization: "acme", conversation: "f-1"),
          receivers: ([puppet] + others).enumerated().map {
            .init(id: "receiver-\($0)", receiver: $1, kinds: [.fork])
          }, loop: loop, metrics: MediaMetrics(), log: log.logger)
      }
    }
  }

  private func run<Result>(_ work: (ManualLoop) -> Result) -> Result {
    loops.run(on: loops.loops[0]) { work(loops.loops[0]) }
  }

  private func hear(_ relay: MediaRelay, _ count: Int, at position: Int, of source: String = "a") {
    let samples = [Int16](repeating: 1, count: count)
    run { _ in samples.withUnsafeBufferPointer { relay.hear($0, of: source, at: position) } }
  }

  @Test("audio that goes on is one stretch each tenth of a second; a gap, or another event, ends a stretch")
  func stretches() {
    let relay = relay()
    hear(relay, 160, at: 0)
    hear(relay, 160, at: 160)
    hear(relay, 160, at: 800)
    #expect(puppet.audio.map(\.samples.count) == [320])
    run { _ in relay.tell(.sensitive(true)) }
    #expect(puppet.audio.map(\.position) == [0, 800])
    guard case .sensitive(true) = puppet.events.last else {
      Issue.record("what was heard before is told after what followed")
      return
    }
    hear(relay, 80, at: 960, of: "b")
    loops.advance(by: MediaRelay.interval)
    #expect(puppet.audio.map(\.source) == ["a", "a", "b"])
  }

  @Test("a source is told of once, and what it said before it is told to be gone")
  func sources() {
    let relay = relay()
    run { _ in
      for _ in 0..<2 { relay.add(MediaSource(id: "a", role: .caller)) }
    }
    hear(relay, 160, at: 0)
    run { _ in
      for _ in 0..<2 { relay.remove("a") }
    }
    #expect(puppet.events.count == 3)
    #expect(puppet.heard.count == 2)
    guard case .sourceRemoved("a") = puppet.events.last else {
      Issue.record("the source is gone before its audio")
      return
    }
  }

  @Test("a receiver that fails is counted and told, and the others go on")
  func failing() {
    let relay = relay([Failing()])
    metered(metrics) {
      hear(relay, 160, at: 0)
      loops.advance(by: MediaRelay.interval)
      hear(relay, 160, at: 160)
      loops.advance(by: MediaRelay.interval)
    }
    #expect(puppet.audio.count == 2)
    #expect(metrics.total("patchbay_media_receiver_failures_total", [("receiver", "receiver-1")]) == 1)
    #expect(log.lines.last?.metadata["error"].map { "\($0)" } == "Fault")
    run { _ in relay.end(.completed) }
  }

  @Test("a receiver that does not come to its end is cancelled ten seconds after it, and what it missed is counted")
  func hanging() {
    let left = Locked(false)
    let relay = relay([Hanging { left.withLock { $0 = true } }])
    metered(metrics) {
      // 187 of these seconds fit into what is kept for it; the rest is missed.
      for second in 0..<200 {
        hear(relay, 8000, at: second * 8000)
        loops.advance(by: MediaRelay.interval)
      }
      run { _ in relay.end(.lost) }
    }
    #expect(puppet.audio.map(\.samples.count).reduce(0, +) == 1_600_000)
    #expect(puppet.heard.last == "\(MediaEvent.ended(.lost))")
    let dropped = metrics.total("patchbay_media_dropped_total", [("receiver", "receiver-1"), ("what", "samples")])
    #expect(dropped == 1_600_000 - 1_496_000)
    #expect(metrics.total("patchbay_media_dropped_total", [("receiver", "receiver-0"), ("what", "samples")]) == 0)
    loops.advance(by: MediaRelay.farewell - .milliseconds(1))
    #expect(!left.withLock { $0 })
    loops.advance(by: .milliseconds(1))
    #expect(left.withLock { $0 })
  }

  @Test("after the end nothing is handed on")
  func over() {
    let relay = relay()
    run { _ in relay.end(.completed) }
    hear(relay, 160, at: 0)
    run { _ in
      relay.tell(.sensitive(true))
      relay.end(.lost)
    }
    loops.advance(by: .seconds(1))
    #expect(puppet.events.count == 1 && relay.isOver)
  }
}
