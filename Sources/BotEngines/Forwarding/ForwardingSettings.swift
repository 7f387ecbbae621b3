/// What a configuration says of another server of Webex's voice virtual agent interface.
public struct ForwardingSettings: Sendable, Equatable {
  /// Who says that the caller has finished.
  public enum EndOfInput: String, Sendable, CaseIterable {
    /// The other server, which is sent all audio.
    case upstream
    /// Patchbay: the other server is sent the caller's turn, and a half-close at its end.
    case patchbay
  }

  /// What its `complete_timeout_msec` means for the silence that ends the caller's turn.
  public enum CompleteTimeout: String, Sendable, CaseIterable {
    /// It counts where it is shorter than the agent's own: many servers send a long one and mean nothing by it.
    case shorter
    /// It counts.
    case any
    /// It does not.
    case ignore
  }

  /// Where it is.
  public var endpoint: BotEndpoint
  /// The virtual agent to ask for; `nil` is the other server's default.
  public var agent: String?
  /// Who says that the caller has finished.
  public var endOfInput = EndOfInput.upstream
  /// What its `complete_timeout_msec` means.
  public var completeTimeout = CompleteTimeout.shorter
  /// The silence that ends the caller's turn by the agent's own settings, in milliseconds.
  public var endSilence = 700
  /// Whether it is sent the caller's own token, in place of any of ours. Over TLS or to this machine only.
  public var forwardsToken = false

  /// Settings; all but the endpoint are defaults.
  public init(endpoint: BotEndpoint) { self.endpoint = endpoint }
}

extension ForwardingSettings {
  /// The silence that is to end the caller's turn where the other server states one, in milliseconds; `nil` is the
  /// agent's own.
  func endSilence(stated: Int?) -> Int? {
    guard let stated, stated > 0 else { return nil }
    switch completeTimeout {
    case .shorter: return stated < endSilence ? stated : nil
    case .any: return stated
    case .ignore: return nil
    }
  }
}
