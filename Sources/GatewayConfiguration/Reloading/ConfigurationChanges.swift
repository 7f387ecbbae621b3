/// What is different in a new configuration: what takes effect while calls are live, and what needs a restart.
public struct ConfigurationChanges: Sendable, Equatable {
  /// Entries of a list, by the names that people know them by, in the configuration's order.
  public struct Entries: Sendable, Equatable {
    /// Entries that are new.
    public var added: [String] = []
    /// Entries that are gone.
    public var removed: [String] = []
    /// Entries that are there with other values.
    public var changed: [String] = []

    /// Whether all is as it was.
    public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }

    init<Entry: Equatable>(_ old: [Entry], _ new: [Entry], key: (Entry) -> String, name: (Entry) -> String) {
      let before = Dictionary(old.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
      let keys = Set(new.map(key))
      for entry in new {
        guard let former = before[key(entry)] else {
          added.append(name(entry))
          continue
        }
        if former != entry { changed.append(name(entry)) }
      }
      removed = old.filter { !keys.contains(key($0)) }.map(name)
    }
  }

  /// `identity.tenants`, by organization and URL.
  public var tenants: Entries
  /// `agents`, by id.
  public var agents: Entries
  /// `identity.issuers`.
  public var issuers: Entries
  /// Other keys that take effect at once.
  public var settings: [String]
  /// Keys whose new values wait for a restart.
  public var needsRestart: [String]
  /// What is in force from now on: the new configuration but for the keys that need a restart.
  public var effective: Configuration

  /// Compares what is in force with what is written.
  public init(from old: Configuration, to new: Configuration) {
    var effective = old
    effective.adopt(new)
    // Whose tokens are accepted at all is settled when the server starts, and with it for whom.
    if old.identity.isDevelopment != new.identity.isDevelopment { effective.identity = old.identity }
    // Recordings go on in the folder and the form that they began with; without them there is nothing to turn on.
    if !old.recordsCalls { effective.recording = old.recording }
    if !new.media.fits(what: old) { effective.media = old.media }
    self.effective = effective

    tenants = Entries(
      old.identity.tenants, effective.identity.tenants, key: { "\($0.organization) \($0.url)" }, name: \.name)
    agents = Entries(old.agents, effective.agents, key: \.id, name: \.id)
    issuers = Entries(old.identity.issuers, effective.identity.issuers, key: \.issuer, name: \.issuer)
    settings = old.differences(from: effective).map(\.name)
      .filter { !["identity.tenants", "identity.issuers", "agents"].contains($0) }

    needsRestart = effective.differences(from: new).filter { !$0.isLive }.map(\.name)
    if !old.recordsCalls, new.recordsCalls || old.recording != new.recording, !needsRestart.contains("recording") {
      needsRestart.append("recording")
    }
    if effective.media != new.media { needsRestart.append("receivers, forking and meetings") }
  }

  /// Whether nothing takes effect.
  public var isEmpty: Bool { tenants.isEmpty && agents.isEmpty && issuers.isEmpty && settings.isEmpty }
}

extension Configuration.Media {
  /// Whether it can take the place of another's while calls are live: which services are served, and how large their
  /// messages may be, is settled when the server starts; so is whether anything is recorded.
  fileprivate func fits(what old: Configuration) -> Bool {
    func served(_ media: Self) -> Set<Configuration.Receiver.Source> { Set(media.receivers.flatMap(\.takes)) }
    return served(self) == served(old.media) && (meetings.videoStreams > 0) == (old.media.meetings.videoStreams > 0)
      && (old.recordsCalls || !receivers.contains { $0.kind == .record })
  }
}
