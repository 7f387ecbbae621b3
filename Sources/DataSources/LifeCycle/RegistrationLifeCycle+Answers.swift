extension RegistrationLifeCycle {
  /// What came of the call that was to be sent.
  public mutating func received(
    _ result: Result<Answer, DataSourceError>, now: Moment, using random: inout some RandomNumberGenerator
  ) {
    guard let call = inFlight else { return }
    inFlight = nil
    switch (call, result) {
    case (_, .failure(let failure)): fail(failure, call, now, using: &random)
    case (.list, .success(.all(let sources))):
      let matches = sources.filter(desired.matches)
      guard let best = matches.max(by: Self.isLessAlive) else {
        stage = .missing
        return
      }
      if matches.count > 1 { tell(.ambiguous(id: best.id, count: matches.count)) }
      adopt(best, now, using: &random)
    case (.read, .success(.one(let source))): adopt(source, now, using: &random)
    case (.create, .success(.one(let source))): changed(source, isNew: true, call, now, using: &random)
    case (.replace, .success(.one(let source))): changed(source, isNew: false, call, now, using: &random)
    default: fail(DataSourceError(call: call.name, .garbage("it answers another request")), call, now, using: &random)
    }
  }

  private static func isLessAlive(_ one: DataSource, _ other: DataSource) -> Bool {
    (one.isActive ? 1 : 0, one.expiry ?? .min) < (other.isActive ? 1 : 0, other.expiry ?? .min)
  }

  /// A data source was read.
  private mutating func adopt(
    _ source: DataSource, _ now: Moment, using random: inout some RandomNumberGenerator
  ) {
    let before = self.source
    let isOurs = pending != nil && source.nonce == pending?.nonce
    stage = .standing(source, readAt: now.monotonic)
    let known = expiry
    learn(source, isFresh: isOurs, now, using: &random)
    let left = (expiry ?? now.wall) - now.wall
    if isOurs {
      pauseAfterChange(now)
      // The answer to the change never arrived, or this server was not the one that sent it.
      pending = nil
      switch before {
      case nil: tell(.registered(id: source.id, secondsLeft: left))
      case _? where mending.isEmpty: tell(.renewed(secondsLeft: left))
      default: tell(.mended(fields: mending, secondsLeft: left))
      }
    } else if before == nil {
      tell(.found(id: source.id, secondsLeft: max(0, left)))
    } else if let known, known != expiry {
      tell(.renewedElsewhere(secondsLeft: left))
    }
    noticeStatus(source)
  }

  /// A data source was made or replaced, and this is what it is now.
  private mutating func changed(
    _ source: DataSource, isNew: Bool, _ call: DataSourceCall, _ now: Moment,
    using random: inout some RandomNumberGenerator
  ) {
    var source = source
    // Not every answer repeats the nonce; what was sent is what is registered.
    if source.nonce == nil { source.nonce = pending?.nonce }
    let registered = min(source.lifetimeMinutes ?? desired.lifetimeMinutes, desired.lifetimeMinutes)
    if source.expiry == nil { source.expiry = now.wall + Int64(max(1, registered)) * 60 }
    imposedMinutes = source.lifetimeMinutes
    pending = nil
    stage = .standing(source, readAt: now.monotonic)
    learn(source, isFresh: true, now, using: &random)
    pauseAfterChange(now)
    let left = (expiry ?? now.wall) - now.wall
    let rest = drift(of: source)
    if isNew {
      tell(.registered(id: source.id, secondsLeft: left))
    } else if !mending.isEmpty, rest.isEmpty {
      tell(.mended(fields: mending, secondsLeft: left))
    } else {
      tell(.renewed(secondsLeft: left))
    }
    noticeStatus(source)
    if left <= 0 {
      let fault = "the new token has ended already: one of the two clocks is wrong"
      fail(DataSourceError(call: call.name, .garbage(fault)), call, now, using: &random)
    } else if !rest.isEmpty {
      let fault = "it still differs in \(rest.joined(separator: ", "))"
      fail(DataSourceError(call: call.name, .garbage(fault)), call, now, using: &random)
    } else {
      failures = 0
      lastFailure = nil
    }
    mending = []
  }

  /// - Parameter isFresh: whether the token has been made just now.
  private mutating func learn(
    _ source: DataSource, isFresh: Bool, _ now: Moment, using random: inout some RandomNumberGenerator
  ) {
    // Where nothing tells when the token ends, it is taken for as old as it can be.
    let end = source.expiry ?? expiry ?? now.wall
    nonces.learn(source.nonce, expiry: end, now: now.wall)
    if isFresh || expiry != end || renewAt == nil {
      // By this machine's clock where it can be told: that is the one that renewals go by.
      let begin = isFresh ? now.wall : source.issuedAt
      granted = begin.flatMap { end > $0 ? end - $0 : nil } ?? source.lifetimeMinutes.map { Int64(max(1, $0)) * 60 }
      noticeGrant()
      let lead = timing.lead(life: life)
      // Earlier, never later, by up to a tenth: many registrations made at once are not renewed at once.
      renewAt = end - lead - Int64.random(in: 0...max(0, lead / 10), using: &random)
    }
    expiry = end
    guard end > now.wall else { return }
    if isLapsed { tell(.recovered(secondsLeft: end - now.wall)) }
    isLapsed = false
  }

  private mutating func noticeGrant() {
    let asked = Int64(desired.lifetimeMinutes) * 60
    guard let granted, granted < asked - max(30, asked / 10) else {
      toldGranted = false
      return
    }
    if !toldGranted { tell(.grantedLess(asked: asked, granted: granted)) }
    toldGranted = true
  }

  private mutating func noticeStatus(_ source: DataSource) {
    let reason = desired.disabledByOthers(source)
    if let reason, reason != toldDisabled { tell(.disabledByOthers(reason: reason)) }
    toldDisabled = reason
  }

  private mutating func fail(
    _ failure: DataSourceError, _ call: DataSourceCall, _ now: Moment,
    using random: inout some RandomNumberGenerator
  ) {
    failures = min(failures + 1, 32)
    lastFailure = failure
    switch (failure.reason, call) {
    case (.notFound, .read(let id)) where id != desired.id, (.notFound, .replace(let id, _)) where id != desired.id:
      stage = .seeking
      expiry = nil
      renewAt = nil
    case (.conflict, .create): stage = .seeking
    default:
      // It may have happened all the same: look before trying again.
      if case .standing(let source, _) = stage {
        stage = .standing(source, readAt: nil)
      } else if case .create = call {
        stage = .seeking
      }
    }
    let wait = delay(failure, now, using: &random)
    resumesAt = now.monotonic + wait
    tell(.failed(failure, secondsLeft: expiry.map { max(0, $0 - now.wall) }, life: life, retryIn: wait))
  }

  private func delay(
    _ failure: DataSourceError, _ now: Moment, using random: inout some RandomNumberGenerator
  ) -> Duration {
    let doubled = timing.firstRetry * Double(1 << (failures - 1))
    var longest = timing.longestRetry
    // The less is left the more often it is tried, as long as there is something to lose.
    if let expiry, expiry > now.wall { longest = min(longest, max(.seconds(1), .seconds((expiry - now.wall) / 10))) }
    // What only a person can put right is not tried every second.
    let base = failure.isTransient ? min(doubled, longest) : min(max(doubled, .seconds(15)), timing.longestRetry)
    let wait = base * Double.random(in: 0.75...1, using: &random)
    guard let seconds = failure.retryAfter else { return wait }
    return max(wait, min(.seconds(seconds), timing.longestRetryAfter))
  }
}
