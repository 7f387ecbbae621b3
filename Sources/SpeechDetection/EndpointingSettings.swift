/// When a caller's speech counts as begun and as over. All in milliseconds of the audio itself.
///
/// Values out of range are brought to its nearest end, since they may come from a bot.
public struct EndpointingSettings: Sendable, Hashable {
  /// Speech it takes until a turn begins: 20 to 1,000.
  public var minimumSpeech: Int { didSet { minimumSpeech = min(max(minimumSpeech, 20), 1000) } }
  /// Silence that ends the turn: 100 to 10,000.
  public var endSilence: Int { didSet { endSilence = min(max(endSilence, 100), 10_000) } }
  /// Silence after which the turn may be over, shorter than `endSilence`: 100 to 10,000; `nil` says nothing of it.
  public var eagerSilence: Int? { didSet { eagerSilence = eagerSilence.map { min(max($0, 100), 10_000) } } }
  /// Bounds within which the silence that ends the turn follows what is known of it; `nil`: it is `endSilence`.
  public var adaptive: AdaptiveSilence?
  /// What the caller is expected to say, which matters where the end silence adapts.
  public var expected: ExpectedSpeech
  /// Audio from before the speech that is handed over with it: 0 to 2,000.
  public var preroll: Int { didSet { preroll = min(max(preroll, 0), 2000) } }
  /// The longest turn: 1,000 to 600,000.
  public var maximumUtterance: Int { didSet { maximumUtterance = min(max(maximumUtterance, 1000), 600_000) } }

  /// Settings; the defaults are those of Wire 5. While a prompt plays that the caller may interrupt, 300 is
  /// usual for `minimumSpeech`.
  public init(
    minimumSpeech: Int = 100, endSilence: Int = 700, preroll: Int = 400, maximumUtterance: Int = 60_000,
    eagerSilence: Int? = nil, adaptive: AdaptiveSilence? = nil, expected: ExpectedSpeech = .anything
  ) {
    self.adaptive = adaptive
    self.expected = expected
    self.minimumSpeech = min(max(minimumSpeech, 20), 1000)
    self.endSilence = min(max(endSilence, 100), 10_000)
    self.preroll = min(max(preroll, 0), 2000)
    self.maximumUtterance = min(max(maximumUtterance, 1000), 600_000)
    self.eagerSilence = eagerSilence.map { min(max($0, 100), 10_000) }
  }
}
