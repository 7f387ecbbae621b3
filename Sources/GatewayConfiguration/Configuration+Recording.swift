import YAMLReading

extension Configuration {
  /// `recording`: what is kept of calls, and how.
  public struct Recording: Sendable, Equatable {
    /// `format`.
    public enum Format: String, Sendable, CaseIterable {
      /// 16-bit linear WAV.
      case wav
      /// Opus in Ogg.
      case opus
    }

    /// `enabled`: whether calls are recorded where neither tenant nor agent says otherwise; default false.
    public var isEnabled: Bool
    /// `directory`: an existing folder; needed where anything is recorded.
    public var directory: String?
    /// `format`; default wav.
    public var format = Format.wav
    /// `sample_rate`: 8,000 or 16,000 samples a second; default 8,000.
    public var sampleRate = 8_000
    /// `keys`: a folder with each tenant's keys; then recordings are encrypted.
    public var keys: String?
    /// `keep`: recordings are deleted after this; 1 min to 10 years, default never.
    public var keep: Duration?
    /// `text`: whether timelines hold what bots say as text and their transcripts; default false.
    public var keepsText = false

    /// Settings of which the rest are defaults.
    public init(isEnabled: Bool, directory: String?) {
      self.isEnabled = isEnabled
      self.directory = directory
    }
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
    whole.reading.report(
      whole.place(of: "recording"), "calls are to be recorded, and `recording.directory` does not say where",
      "write `recording: {directory: recordings}`")
  }
}

extension Configuration.Tenant {
  /// `identity.tenants[].recording`.
  public struct Recording: Sendable, Equatable {
    /// `enabled`: whether this tenant's calls are recorded; default what `recording.enabled` says.
    public var isEnabled: Bool?
    /// `keep`: default what `recording.keep` says.
    public var keep: Duration?

    /// What a tenant has of its own.
    public init(isEnabled: Bool? = nil, keep: Duration? = nil) {
      self.isEnabled = isEnabled
      self.keep = keep
    }

    init(_ section: Section) {
      isEnabled = section.flag("enabled")
      keep = section.keep
      section.finish()
    }
  }
}

extension Configuration.Recording {
  init(_ section: Section) {
    isEnabled = section.flag("enabled") ?? false
    directory = section.folder("directory", write: "the path of an existing folder")
    format = section.choice("format", default: .wav)
    keys = section.folder("keys", write: "the path of a folder with a folder of keys for each organization")
    keep = section.keep
    keepsText = section.flag("text") ?? false
    let write = "one of: 8000, 16000"
    if let value = section.value("sample_rate", write: write) {
      switch value.text {
      case "8000": sampleRate = 8_000
      case "16000": sampleRate = 16_000
      default:
        section.reading.report(
          value.place, "`\(section.name("sample_rate"))` cannot be `\(value.text.quotedForMessage)`", "write \(write)")
      }
    }
    section.finish()
  }
}

extension Section {
  fileprivate var keep: Duration? {
    guard has("keep") else {
      _ = value("keep", write: "30d")
      return nil
    }
    return duration("keep", in: .seconds(60)...(.seconds(10 * 366 * 86_400)), default: .seconds(30 * 86_400))
  }

  /// A folder that is there.
  fileprivate func folder(_ key: String, write: String) -> String? {
    guard let (path, place) = path(key, write: write) else { return nil }
    guard BoundedFile.isFolder(path) else {
      reading.report(place, "`\(name(key))`: there is no folder \(path.quotedForMessage)", "write \(write)")
      return nil
    }
    return path
  }
}
