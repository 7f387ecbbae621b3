/// A registration that is put right once, for a person who waits for it: the first failure ends it.
public struct OneRegistration: Sendable {
  private let desired: DesiredRegistration
  private let client: DataSourceClient

  /// What is wanted, and whom to ask.
  public init(_ desired: DesiredRegistration, _ client: DataSourceClient) {
    self.desired = desired
    self.client = client
  }

  /// Finds the data source, registers it where there is none, mends it where it differs.
  ///
  /// - Parameter isTrial: changes nothing and returns what would be sent.
  public func settle(
    isTrial: Bool = false, now: @Sendable () -> Moment = Moment.now
  ) async throws(DataSourceError) -> (source: DataSource?, wouldSend: DataSourceCall?) {
    var cycle = RegistrationLifeCycle(desired)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<Registrar.maximumSteps {
      switch cycle.next(now: now(), using: &random) {
      case .wait: return (cycle.source, nil)
      case .announce: cycle.announced(now: now())
      case .send(let call) where isTrial && call.isChange: return (cycle.source, call)
      case .send(let call):
        let result = await Registrar.perform(call, client)
        cycle.received(result, now: now(), using: &random)
        if case .failure(let failure) = result { throw failure }
        if let failure = cycle.lastFailure { throw failure }
      }
    }
    return (cycle.source, nil)
  }
}
