import Testing

@testable import DataSources

@Suite("The life cycle of a registration")
struct RegistrationLifeCycleTests {
  @Test("A day's token is renewed with at least a tenth of its life left, a short one at half of it")
  func leads() {
    var timing = RenewalTiming()
    #expect(timing.lead(life: 86_400) == 8_640)
    #expect(timing.lead(life: 36_000) == 3_600)
    #expect(timing.lead(life: 7_000) == 3_500)
    #expect(timing.lead(life: 180) == 90)
    timing.renewBefore = .seconds(60)
    #expect(timing.lead(life: 86_400) == 8_640)
    #expect(timing.lead(life: 300) == 60)
  }

  /// A life cycle beside a service that answers every change with `answer` of what was sent. Returns when changes were made.
  private func changes(
    seconds: Int64, _ answer: (DataSourceFields, _ now: Int64) -> DataSource
  ) -> (times: [Int64], cycle: RegistrationLifeCycle, events: [RegistrationEvent]) {
    var cycle = RegistrationLifeCycle(Webex.desired { $0.lifetimeMinutes = 1_440 })
    var random = SystemRandomNumberGenerator()
    var now = Moment(wall: 1_800_000_000, monotonic: .seconds(1_000))
    let begin = now.wall
    var source: DataSource?
    var times: [Int64] = []
    var events: [RegistrationEvent] = []
    func pass(_ seconds: Int64) {
      now.wall += seconds
      now.monotonic += .seconds(seconds)
    }
    while now.wall < begin + seconds {
      switch cycle.next(now: now, using: &random) {
      case .announce: cycle.announced(now: now)
      case .wait(let until): pass(max(1, (until - now.monotonic).components.seconds))
      case .send(.list): cycle.received(.success(.all(source.map { [$0] } ?? [])), now: now, using: &random)
      case .send(.read):
        cycle.received(.success(.one(source ?? answer(Webex.fields(), now.wall))), now: now, using: &random)
      case .send(.create(let fields)), .send(.replace(_, let fields)):
        times.append(now.wall - begin)
        source = answer(fields, now.wall)
        cycle.received(.success(.one(source ?? answer(fields, now.wall))), now: now, using: &random)
      case .send: break
      }
      events += cycle.takeEvents()
    }
    return (times, cycle, events)
  }

  private func registered(
    _ fields: DataSourceFields, expiry: Int64?, minutes: Int? = nil, url: String? = nil
  ) -> DataSource {
    DataSource(
      id: "one", schemaID: fields.schemaID, url: url ?? fields.url, audience: fields.audience, subject: fields.subject,
      nonce: fields.nonce, lifetimeMinutes: minutes, status: "active", expiry: expiry)
  }

  @Test("A service that registers a shorter life than was asked for is asked once, not again and again")
  func imposedLife() {
    let (times, cycle, events) = changes(seconds: 36_000) { registered($0, expiry: $1 + 7_200, minutes: 120) }
    #expect((9...12).contains(times.count), "\(times)")
    #expect(cycle.failures == 0)
    #expect(events.filter { if case .grantedLess = $0 { true } else { false } }.count == 1)
  }

  @Test("A service that tells neither when a token ends nor how long it lives has it renewed as asked for")
  func untoldLife() {
    let (times, cycle, _) = changes(seconds: 86_400 * 2) { fields, _ in registered(fields, expiry: nil) }
    #expect((2...4).contains(times.count), "\(times)")
    #expect(cycle.failures == 0)
  }

  @Test("A token that has ended when it is made is not asked for again and again")
  func endedAtOnce() {
    let (times, _, _) = changes(seconds: 3_600) { registered($0, expiry: $1 - 60, minutes: 1_440) }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    #expect(gaps.allSatisfy { $0 >= 10 } && times.count < 25, "\(times)")
    #expect(gaps.last ?? 0 >= 200)
  }

  @Test(
    "A field that the service never registers as it was sent is sent again less and less often, down to once an hour")
  func neverMended() {
    let (times, _, _) = changes(seconds: 86_400) {
      registered($0, expiry: $1 + 86_400, minutes: 1_440, url: "https://VOICE.example.com:443")
    }
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    #expect(gaps.allSatisfy { $0 >= 10 } && times.count < 45, "\(times)")
    #expect(gaps.last ?? 0 >= 3_000)
  }
}
