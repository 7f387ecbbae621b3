import Basics

/// How one registration is found, made, mended and renewed: a pure state machine. It says what to do next, is told what
/// came of it, and never waits, asks for the time or draws at random by itself.
public struct RegistrationLifeCycle: Sendable {
  /// What is to be done next.
  public enum Action: Sendable, Hashable {
    /// Send this, then tell ``received(_:now:using:)``.
    case send(DataSourceCall)
    /// Make ``nonces`` known to everything that verifies tokens, then tell ``announced(now:)``.
    case announce
    /// Nothing before this time of the monotonic clock.
    case wait(until: Duration)
  }

  /// What the service answered.
  public enum Answer: Sendable, Hashable {
    /// To a list.
    case all([DataSource])
    /// To anything else.
    case one(DataSource)
  }

  enum Stage: Sendable, Hashable {
    /// It has to be looked for.
    case seeking
    /// There is none.
    case missing
    /// It is there, as last read.
    case standing(DataSource, readAt: Duration?)
  }

  /// A new nonce on its way to being registered.
  struct Pending: Sendable, Hashable {
    let nonce: String
    /// From then on it may be used; nil until it has been announced.
    var readyAt: Duration?
  }

  /// What is wanted.
  public let desired: DesiredRegistration
  /// When things are done.
  public let timing: RenewalTiming
  /// What a token's nonce may be.
  public internal(set) var nonces: RegistrationNonces
  /// When the registered token ends, in seconds since 1970.
  public internal(set) var expiry: Int64?
  /// From when on it is renewed, in seconds since 1970.
  public internal(set) var renewAt: Int64?
  /// How long the registered token was made to live, in seconds, where that is known: it may be less than was asked for.
  public internal(set) var granted: Int64?
  /// Why the last attempt failed, until one succeeds.
  public internal(set) var lastFailure: DataSourceError?
  /// Attempts that failed since one that did not.
  public internal(set) var failures = 0

  var stage = Stage.seeking
  var pending: Pending?
  var inFlight: DataSourceCall?
  var resumesAt: Duration = .zero
  /// The fields that the change under way mends; empty where it only renews.
  var mending: [String] = []
  var isLapsed = false
  var toldDisabled: String?
  var toldGranted = false
  /// The life in minutes that the service has registered though another was asked for: it is not asked for again.
  var imposedMinutes: Int?
  /// When the last change was made, and how long after it there is no other.
  var changedAt: Duration?
  var pause: Duration = .zero
  private(set) var events: [RegistrationEvent] = []

  /// A life cycle at its beginning.
  public init(_ desired: DesiredRegistration, timing: RenewalTiming = RenewalTiming()) {
    self.desired = desired
    self.timing = timing
    nonces = RegistrationNonces(skew: timing.clockSkew)
  }

  /// The data source, as last read.
  public var source: DataSource? {
    if case .standing(let source, _) = stage { source } else { nil }
  }

  /// How long a token lives, in seconds: as granted, or as asked for where nothing else is known.
  public var life: Int64 { granted ?? Int64(desired.lifetimeMinutes) * 60 }

  /// What is to be done now.
  public mutating func next(now: Moment, using random: inout some RandomNumberGenerator) -> Action {
    noticeLapse(now)
    if now.monotonic < resumesAt { return .wait(until: resumesAt) }
    switch stage {
    case .seeking: return send(desired.id.map { .read(id: $0) } ?? .list)
    case .missing:
      if let pauseEnd, now.monotonic < pauseEnd { return .wait(until: pauseEnd) }
      guard let nonce = readyNonce(now, using: &random, isUrgent: true) else { return .announce }
      return send(.create(desired.fields(over: nil, nonce: nonce)))
    case .standing(let source, let readAt):
      let isDue = renewAt.map { now.wall >= $0 } ?? false
      // What is about to be replaced is read first: another server may have done it.
      let checkAt = readAt.map { $0 + timing.check }
      let freshness = min(timing.check, .seconds(10)) + timing.announcement
      let isStale = readAt.map { now.monotonic >= $0 + (isDue || pending != nil ? freshness : timing.check) } ?? true
      if isStale { return send(.read(id: source.id)) }
      mending = drift(of: source)
      guard isDue || !mending.isEmpty else {
        settle()
        let untilRenewal = renewAt.map { now.monotonic + .seconds(max(0, $0 - now.wall)) }
        return .wait(until: min(checkAt ?? now.monotonic, untilRenewal ?? checkAt ?? now.monotonic))
      }
      if let pauseEnd, now.monotonic < pauseEnd { return .wait(until: min(pauseEnd, checkAt ?? pauseEnd)) }
      guard let nonce = readyNonce(now, using: &random, isUrgent: isLapsed) else { return .announce }
      if let readyAt = pending?.readyAt, now.monotonic < readyAt { return .wait(until: readyAt) }
      return send(.replace(id: source.id, desired.fields(over: source, nonce: nonce)))
    }
  }

  /// The nonces are known wherever tokens are verified in this process, and have been written for other servers.
  public mutating func announced(now: Moment) {
    guard pending?.readyAt == nil else { return }
    // Where no good token is about, nobody is waited for.
    let isUrgent = isLapsed || source == nil
    let lead = Duration.seconds(timing.lead(life: life))
    pending?.readyAt = now.monotonic + (isUrgent ? .zero : min(timing.announcement, lead / 3))
  }

  /// What happened since the last time this was asked.
  public mutating func takeEvents() -> [RegistrationEvent] {
    defer { events = [] }
    return events
  }

  /// Nothing is trusted that was read before: another server may have had the lease meanwhile.
  public mutating func readAgain() {
    inFlight = nil
    if case .standing(let source, _) = stage { stage = .standing(source, readAt: nil) }
  }

  /// What the same registration was before something else was wanted of it: the least pause goes on, the grown one does not,
  /// for whoever wants something else has reason to.
  mutating func inherit(_ before: Self) {
    changedAt = before.changedAt
    pause = min(before.pause, timing.leastPause)
  }

  /// The fields that have to be mended. A life that the service does not grant is not one of them: asking again would mint
  /// tokens without end.
  func drift(of source: DataSource) -> [String] {
    let isImposed = source.lifetimeMinutes == imposedMinutes
    return desired.drift(of: source).filter { $0 != "lifetime" || !isImposed }
  }

  /// A change has been made. The next one has to wait, whatever asks for it: longer and longer while changes follow each
  /// other as fast as they may, for then they do not help.
  mutating func pauseAfterChange(_ now: Moment) {
    let isHasty = changedAt.map { now.monotonic - $0 < pause * 2 } ?? false
    let isHopeless = expiry.map { $0 <= now.wall } ?? false
    let longest = isHopeless ? timing.longestRetry : min(timing.longestPause, .seconds(life / 4))
    pause = isHasty ? max(timing.leastPause, min(pause * 2, longest)) : timing.leastPause
    changedAt = now.monotonic
  }

  /// Until then nothing is changed.
  private var pauseEnd: Duration? { changedAt.map { $0 + pause } }

  mutating func tell(_ event: RegistrationEvent) {
    // Whoever drives this takes them after every step; more than a few at once would be a mistake there.
    if events.count < 64 { events.append(event) }
  }

  private mutating func send(_ call: DataSourceCall) -> Action {
    inFlight = call
    return .send(call)
  }

  /// A fresh nonce that may be used, or nil where it has to be announced first.
  private mutating func readyNonce(
    _ now: Moment, using random: inout some RandomNumberGenerator, isUrgent: Bool
  ) -> String? {
    if let pending { return pending.readyAt == nil ? nil : pending.nonce }
    let nonce = random.uuid()
    pending = Pending(nonce: nonce)
    nonces.announce(nonce)
    return nil
  }

  private mutating func settle() {
    failures = 0
    lastFailure = nil
  }

  private mutating func noticeLapse(_ now: Moment) {
    guard let expiry, now.wall >= expiry, !isLapsed else { return }
    isLapsed = true
    tell(.lapsed(secondsAgo: now.wall - expiry))
  }
}
