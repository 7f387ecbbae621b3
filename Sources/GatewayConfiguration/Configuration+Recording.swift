public import Recordings

extension Configuration {
  /// `recording`: what is kept of calls, and how.
  public struct Recording: Sendable, Equatable {
    /// `enabled`: whether calls are recorded where neither tenant nor agent says otherwise.
    public var isEnabled = false
    /// `directory`: an existing folder; needed where anything is recorded.
    public var directory: String?
    /// `format`.
    public var format = RecordingFormat.wav
    /// `sample_rate` in samples a second.
    public var sampleRate = 8_000
    /// `keys`: a folder with each tenant's keys; then recordings are encrypted.
    public var keys: String?
    /// `keep`: recordings are deleted after this; `nil` is never.
    public var keep: Duration?
    /// `text`: whether timelines hold what bots say.
    public var keepsText = false
    /// `digits`: whether timelines hold the keys that callers press where the input is not sensitive.
    public var keepsDigits = false
  }

  /// Whether anything may be recorded.
  public var recordsCalls: Bool {
    !isDemo
      && (recording.isEnabled || identity.tenants.contains { $0.recording.isEnabled == true }
        || agents.contains { $0.isRecorded == true } || media.receivers.contains { $0.kind == .record })
  }

  /// How long an organization's recordings are kept; `nil` is for ever.
  public func keepsRecordings(of organization: String) -> Duration? {
    identity.tenants.first { $0.organization == organization }?.recording.keep ?? recording.keep
  }

  /// What is recorded needs a place.
  func checkRecordings(_ whole: Section) {
    guard recordsCalls, recording.directory == nil else { return }
    whole.report(
      "recording", "calls are to be recorded, and `recording.directory` does not say where",
      "write `recording: {directory: recordings}`")
  }
}

extension Configuration.Tenant {
  /// `identity.tenants[].recording`.
  public struct Recording: Sendable, Equatable {
    /// `enabled`: whether this tenant's calls are recorded; `nil` is what `recording.enabled` says.
    public var isEnabled: Bool?
    /// `keep`; `nil` is what `recording.keep` says.
    public var keep: Duration?
  }
}

extension Form<Duration> {
  fileprivate static var keep: Self {
    duration(1.min...3_660.d, example: 30.d)
  }
}

extension Configuration.Recording: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "enabled", \.isEnabled, .flag, "Whether calls are recorded, unless the tenant or the agent says otherwise.",
      isLive: true)
    Key("directory", \.directory, .folder, "The path of an existing folder; needed if anything is recorded.")
    Key("format", \.format, .choice, "16-bit linear WAV, or Opus in Ogg.")
    Key("sample_rate", \.sampleRate, .oneOf(8_000, 16_000), "Samples a second.")
    Key(
      "keys", \.keys, .folder,
      "The path of a folder with a folder of keys for each organization; with it, recordings are encrypted.")
    Key("keep", \.keep, .keep, "Recordings are deleted after this.", standard: "never", isLive: true)
    Key("text", \.keepsText, .flag, "Whether timelines hold the bots' texts and transcripts.")
    Key(
      "digits", \.keepsDigits, .flag,
      "Whether timelines hold the keys that callers press, except where the input is sensitive.")
  }
}

extension Configuration.Tenant.Recording: KeyGroup {
  static var keys: [Key<Self>] {
    Key("enabled", \.isEnabled, .flag, "Whether its calls are recorded.", standard: "recording.enabled")
    Key("keep", \.keep, .keep, "Its recordings are deleted after this.", standard: "recording.keep")
  }
}
