/// What is different in a new configuration: what takes effect while calls are up, and what needs a restart.
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
    // Whose tokens are accepted at all is settled when the server starts, and with it for whom.
    if old.identity.isDevelopment == new.identity.isDevelopment { effective.identity = new.identity }
    effective.agents = new.agents
    effective.egress = new.egress
    effective.limits = new.limits
    effective.logging.level = new.logging.level
    effective.shutdown = new.shutdown
    effective.admin.token = new.admin.token
    if let names = new.listen.tls?.clientNames { effective.listen.tls?.clientNames = names }
    // Recordings go on in the folder and the form that they began with; without them there is nothing to turn on.
    if old.recordsCalls {
      effective.recording.isEnabled = new.recording.isEnabled
      effective.recording.keep = new.recording.keep
    }
    if new.media.fits(what: old) { effective.media = new.media }
    self.effective = effective

    tenants = Entries(
      old.identity.tenants, effective.identity.tenants, key: { "\($0.organization) \($0.url)" }, name: \.name)
    agents = Entries(old.agents, new.agents, key: \.id, name: \.id)
    issuers = Entries(old.identity.issuers, effective.identity.issuers, key: \.issuer, name: \.issuer)

    func names(_ differences: [(String, Bool)]) -> [String] { differences.filter(\.1).map(\.0) }
    settings = names([
      ("identity.clock_skew", old.identity.clockSkew != effective.identity.clockSkew),
      ("identity.revoked", old.identity.revoked != effective.identity.revoked),
      ("identity.revocations_file", old.identity.revocationsFile != effective.identity.revocationsFile),
      ("egress", old.egress != new.egress), ("limits", old.limits != new.limits),
      ("logging.level", old.logging.level != new.logging.level), ("shutdown", old.shutdown != new.shutdown),
      ("admin.token", old.admin.token != new.admin.token),
      ("recording.enabled", old.recording.isEnabled != effective.recording.isEnabled),
      ("recording.keep", old.recording.keep != effective.recording.keep),
      ("receivers", old.media.receivers != effective.media.receivers),
      ("forking", old.media.forkRate != effective.media.forkRate),
      ("meetings", old.media.meetings != effective.media.meetings),
      ("listen.tls.client_names", old.listen.tls?.clientNames != effective.listen.tls?.clientNames),
    ])

    var known = new
    known.identity = effective.identity
    known.listen = effective.listen
    known.admin = effective.admin
    known.logging = effective.logging
    known.recording = effective.recording
    known.media = effective.media
    known.dataSources = effective.dataSources
    needsRestart = names([
      ("identity.development", effective.identity.isDevelopment != new.identity.isDevelopment),
      ("listen.address", effective.listen.address != new.listen.address),
      ("listen.queues", effective.listen.queues != new.listen.queues),
      ("listen.reflection", effective.listen.reflects != new.listen.reflects),
      ("listen.tls", effective.listen.tls != new.listen.tls),
      ("admin.address", effective.admin.address != new.admin.address),
      ("logging.format", effective.logging.format != new.logging.format),
      ("recording", effective.recording != new.recording || !old.recordsCalls && new.recordsCalls),
      ("receivers, forking and meetings", effective.media != new.media),
      ("data_sources", effective.dataSources != new.dataSources), ("other keys", known != effective),
    ])
  }

  /// Whether nothing takes effect.
  public var isEmpty: Bool { tenants.isEmpty && agents.isEmpty && issuers.isEmpty && settings.isEmpty }
}

extension Configuration.Media {
  /// Whether it can take the place of another's while calls are up: which services are served, and how large their
  /// messages may be, is settled when the server starts; so is whether anything is recorded.
  fileprivate func fits(what old: Configuration) -> Bool {
    func served(_ media: Self) -> Set<Configuration.Receiver.Source> { Set(media.receivers.flatMap(\.takes)) }
    return served(self) == served(old.media) && (meetings.videoStreams > 0) == (old.media.meetings.videoStreams > 0)
      && (old.recordsCalls || !receivers.contains { $0.kind == .record })
  }
}
