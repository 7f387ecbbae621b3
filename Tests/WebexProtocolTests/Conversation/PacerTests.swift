import Testing

@testable import WebexProtocol

@Suite("A pacer holds audio back")
struct PacerTests {
  private let pacer = Pacer(bound: .milliseconds(400))

  /// Sends what may be sent at a time; gives how much it was.
  private func send(_ playout: inout PlayoutClock, at now: Duration) -> Int {
    let room = pacer.room(playout, now: now)
    if room > 0 { playout.enqueue(bytes: room, bargeIn: true, now: now) }
    return room
  }

  @Test("at first so much is sent as may be on its way, and then a quarter of it each time that it has been heard")
  func portions() {
    var playout = PlayoutClock()
    #expect(send(&playout, at: .seconds(1)) == 3200)
    #expect(pacer.time(playout) == .milliseconds(1100))
    #expect(send(&playout, at: .milliseconds(1099)) == 0)
    #expect(send(&playout, at: .milliseconds(1100)) == 800)
    #expect(send(&playout, at: .milliseconds(1250)) == 1200, "who comes late makes up for it")
  }

  @Test("no more is ever on its way than its bound, and nothing runs dry that is asked for in time")
  func bounds() {
    var playout = PlayoutClock()
    var now = Duration.seconds(5)
    _ = send(&playout, at: now)
    for step in 0..<2_000 {
      now = max(now, pacer.time(playout)) + .milliseconds(step % 7 * 40)
      #expect(playout.ahead(now) > .zero)
      _ = send(&playout, at: now)
      #expect(playout.ahead(now) <= .milliseconds(400))
    }
  }

  @Test("after a pause it begins anew")
  func pause() {
    var playout = PlayoutClock()
    _ = send(&playout, at: .zero)
    #expect(send(&playout, at: .seconds(60)) == 3200)
    #expect(playout.playedMilliseconds(.seconds(60)) == 400)
    #expect(playout.playedMilliseconds(.seconds(60) + .milliseconds(150)) == 550)
  }
}
