import Foundation
import Glibc
import Testing
import YAMLReading

@testable import GatewayConfiguration

@Suite("Files that change")
struct FileChangeTests {
  @Test("a change is told once, when the files have come to rest")
  func debounce() {
    var detector = ChangeDetector([1, 1], quiet: .milliseconds(400))
    #expect(!tells(&detector, [1, 1], at: .milliseconds(1_000)))
    // An editor writes in steps, and touches the second file too.
    for (time, version) in [(1_250, [2, 1]), (1_500, [3, 1]), (1_750, [3, 2]), (2_000, [3, 2])] {
      #expect(!tells(&detector, version, at: .milliseconds(time)))
    }
    #expect(tells(&detector, [3, 2], at: .milliseconds(2_150)))
    #expect(!tells(&detector, [3, 2], at: .milliseconds(5_000)))
  }

  @Test("what goes back to what is in force before it came to rest is no change")
  func backAgain() {
    var detector = ChangeDetector(1, quiet: .milliseconds(400))
    #expect(!tells(&detector, 2, at: .milliseconds(100)))
    #expect(!tells(&detector, 1, at: .milliseconds(200)))
    #expect(!tells(&detector, 1, at: .milliseconds(5_000)))
  }

  @Test("what was read for another reason is not told again")
  func settling() {
    var detector = ChangeDetector(1, quiet: .milliseconds(400))
    #expect(!tells(&detector, 2, at: .milliseconds(100)))
    detector.settle(2, at: .milliseconds(300))
    #expect(!tells(&detector, 2, at: .milliseconds(2_000)))
  }

  @Test("a file written, renamed over, removed, or reached by another link is another version")
  func stamps() throws {
    let fixture = try Fixture()
    defer { fixture.remove() }
    let path = fixture.folder + "/a"
    let files = FileManager.default
    #expect(FileStamp(of: path) == FileStamp(of: path + ".none"))
    var seen: Set<FileStamp> = [FileStamp(of: path)]
    try Data("1".utf8).write(to: URL(filePath: path))
    #expect(isNew(FileStamp(of: path), &seen))
    #expect(!isNew(FileStamp(of: path), &seen))
    // Of the same size, and with the old time.
    let time = try files.attributesOfItem(atPath: path)[.modificationDate]
    try Data("2".utf8).write(to: URL(filePath: path + ".new"))
    try files.setAttributes([.modificationDate: time as Any], ofItemAtPath: path + ".new")
    #expect(rename(path + ".new", path) == 0)
    #expect(isNew(FileStamp(of: path), &seen))
    // As Kubernetes does: a folder's link is made to lead elsewhere.
    for version in ["v1", "v2"] {
      try files.createDirectory(atPath: "\(fixture.folder)/\(version)", withIntermediateDirectories: true)
      try Data(version.utf8).write(to: URL(filePath: "\(fixture.folder)/\(version)/file"))
      try? files.removeItem(atPath: fixture.folder + "/current")
      try files.createSymbolicLink(atPath: fixture.folder + "/current", withDestinationPath: version)
      #expect(isNew(FileStamp(of: fixture.folder + "/current/file"), &seen))
    }
  }

  private func tells<Version>(_ detector: inout ChangeDetector<Version>, _ version: Version, at now: Duration) -> Bool {
    detector.observe(version, at: now)
  }

  private func isNew(_ stamp: FileStamp, _ seen: inout Set<FileStamp>) -> Bool { seen.insert(stamp).inserted }

  private func look(
    _ watch: inout RevocationWatch, _ stamp: FileStamp, at now: Duration,
    read: () throws(ConfigurationError) -> Set<Configuration.Revocation>
  ) -> RevocationWatch.Outcome? {
    watch.observe(stamp, at: now, read: read)
  }

  static let organization = "ce861fba-6e2f-49f9-9a84-b354008fac9e"
  static let (first, second) = (
    Configuration.Revocation(organization: organization, nonce: "1"),
    Configuration.Revocation(organization: organization, nonce: "2")
  )

  @Test("J19: what is added to the file is revoked at once, what is taken away only when the file has come to rest")
  func revocations() {
    var watch = RevocationWatch([Self.first], stamp: FileStamp(version: 1), at: .zero)
    #expect(look(&watch, FileStamp(version: 1), at: .seconds(1), read: { [] }) == nil, "an unchanged file is not read")
    let both: Set = [Self.first, Self.second]
    #expect(look(&watch, FileStamp(version: 2), at: .seconds(2), read: { both }) == .changed(both))
    // It is being written anew, and is empty for a moment.
    #expect(look(&watch, FileStamp(version: 3), at: .seconds(3), read: { [] }) == nil)
    #expect(watch.effective == both)
    #expect(look(&watch, FileStamp(version: 4), at: .milliseconds(3_200), read: { both }) == nil)
    #expect(look(&watch, FileStamp(version: 4), at: .seconds(9), read: { both }) == nil)
    #expect(look(&watch, FileStamp(version: 5), at: .seconds(10), read: { [Self.second] }) == nil)
    #expect(look(&watch, FileStamp(version: 5), at: .milliseconds(10_900), read: { [] }) == nil)
    #expect(look(&watch, FileStamp(version: 5), at: .seconds(11), read: { [] }) == .changed([Self.second]))
  }

  @Test("a file of revocations that cannot be used is told once, and takes nothing back")
  func brokenRevocations() {
    var watch = RevocationWatch([Self.first], stamp: FileStamp(version: 1), at: .zero)
    let error = ConfigurationError([.init(.wholeFile("revoked.txt"), "cannot be read (No such file or directory)")])
    let broken: () throws(ConfigurationError) -> Set<Configuration.Revocation> = { () throws(ConfigurationError) in
      throw error
    }
    #expect(look(&watch, FileStamp(version: nil), at: .seconds(1), read: broken) == nil)
    #expect(look(&watch, FileStamp(version: nil), at: .seconds(2), read: broken) == .refused(error))
    #expect(look(&watch, FileStamp(version: nil), at: .seconds(3), read: broken) == nil)
    #expect(watch.effective == [Self.first])
  }
}

@Suite("Configurations that change")
struct ConfigurationChangesTests {
  private func parse(_ text: String) throws -> Configuration {
    try Configuration.parse(text, file: "p.yaml").configuration
  }

  static let text = """
    listen: {address: 127.0.0.1:1, plaintext: true}
    admin: {address: 127.0.0.1:2}
    identity:
      issuers: [{issuer: https://one.example.com}, {issuer: https://two.example.com}]
      tenants:
        - {org: 11111111-aaaa-4111-8111-111111111111, name: Alpha, url: https://a.example.com}
        - {org: 22222222-bbbb-4222-8222-222222222222, name: Beta, url: https://b.example.com}
        - {org: 22222222-bbbb-4222-8222-222222222222, name: Beta forks, url: https://f.example.com}
    agents:
      - {id: desk, engine: {kind: demo}}
      - {id: night, engine: {kind: demo}}
    """

  @Test("an unchanged configuration changes nothing")
  func same() throws {
    let changes = ConfigurationChanges(from: try parse(Self.text), to: try parse(Self.text))
    #expect(changes.isEmpty && changes.needsRestart.isEmpty)
  }

  @Test("tenants, agents and issuers that come, go and change are named")
  func entries() throws {
    let new = try parse(
      """
      listen: {address: 127.0.0.1:1, plaintext: true}
      admin: {address: 127.0.0.1:2}
      identity:
        issuers: [{issuer: https://two.example.com, keys_url: https://keys.example.com}, {issuer: https://three.example.com}]
        tenants:
          - {org: 22222222-bbbb-4222-8222-222222222222, name: Beta, url: https://b.example.com, nonces: [x]}
          - {org: 22222222-bbbb-4222-8222-222222222222, name: Beta forks, url: https://f.example.com}
          - {org: 33333333-cccc-4333-8333-333333333333, name: Gamma, url: https://c.example.com}
      agents:
        - {id: night, name: By night, engine: {kind: demo}}
        - {id: desk, engine: {kind: demo}}
        - {id: new, engine: {kind: demo}}
      """)
    let changes = ConfigurationChanges(from: try parse(Self.text), to: new)
    #expect(changes.tenants.added == ["Gamma"])
    #expect(changes.tenants.removed == ["Alpha"])
    #expect(changes.tenants.changed == ["Beta"])
    #expect(changes.agents.added == ["new"])
    #expect(changes.agents.removed.isEmpty)
    // The first of a list is the default agent.
    #expect(changes.agents.changed == ["night", "desk"])
    #expect(changes.issuers.added == ["https://three.example.com"])
    #expect(changes.issuers.removed == ["https://one.example.com"])
    #expect(changes.issuers.changed == ["https://two.example.com"])
    #expect(changes.needsRestart.isEmpty)
    #expect(changes.effective == new)
  }

  @Test("whose tokens are accepted at all is settled at the start: the whole identity waits for a restart")
  func development() throws {
    let old = try parse(Self.text)
    let new = try parse(
      """
      listen: {address: 127.0.0.1:1, plaintext: true}
      admin: {address: 127.0.0.1:2}
      identity: {development: true}
      agents:
        - {id: desk, engine: {kind: demo}}
        - {id: night, engine: {kind: demo}}
      """)
    for (from, to) in [(old, new), (new, old)] {
      let changes = ConfigurationChanges(from: from, to: to)
      #expect(changes.needsRestart == ["identity.development"])
      #expect(changes.isEmpty)
      #expect(changes.effective == from)
    }
  }

  @Test(
    "keys that take effect at once are named",
    arguments: [
      ("limits: {conversations: 3}", "limits"), ("limits: {status_hold: 0s}", "limits"),
      ("logging: {level: debug}", "logging.level"),
      ("shutdown: {drain: 1s}", "shutdown"), ("egress: {hosts: [a.example.com]}", "egress"),
    ])
  func settings(line: String, key: String) throws {
    let new = try parse(Self.text + "\n" + line)
    let changes = ConfigurationChanges(from: try parse(Self.text), to: new)
    #expect(changes.settings == [key])
    #expect(changes.needsRestart.isEmpty)
    #expect(changes.effective == new)
  }

  @Test("who is recorded, and who is given media, can change; where and whether at all cannot")
  func recordingsAndMedia() throws {
    func parsed(_ lines: String) throws -> Configuration { try parse(Self.text + "\n" + lines) }
    let old = try parsed("recording: {enabled: true, directory: /tmp, keep: 1d}\nreceivers: [{id: a, kind: count}]")
    let more = try parsed(
      "recording: {enabled: false, directory: /tmp, keep: 2d}\nreceivers: [{id: a, kind: count}, {id: b, kind: record}]"
    )
    let changes = ConfigurationChanges(from: old, to: more)
    #expect(changes.settings == ["receivers", "recording.enabled", "recording.keep"])
    #expect(changes.needsRestart.isEmpty)
    #expect(changes.effective == more)
    let elsewhere = ConfigurationChanges(from: old, to: try parsed("recording: {enabled: true, directory: /usr}"))
    #expect(elsewhere.needsRestart == ["recording", "receivers, forking and meetings"])
    #expect(elsewhere.effective.recording.directory == "/tmp" && elsewhere.effective.media == old.media)
    let first = ConfigurationChanges(
      from: try parse(Self.text), to: try parsed("recording: {enabled: true, directory: /tmp}"))
    #expect(first.needsRestart == ["recording"])
  }

  @Test(
    "R16: keys that need a restart are named, stay as they were, and are named again the next time",
    arguments: [
      ("listen: {address: 127.0.0.1:9, plaintext: true}", "listen.address"),
      ("listen: {address: 127.0.0.1:1, plaintext: true, queues: 3}", "listen.queues"),
      ("listen: {address: 127.0.0.1:1, tls: {certificate: /dev/null, key: /dev/null}}", "listen.tls"),
    ])
  func restart(line: String, key: String) throws {
    let old = try parse(Self.text)
    let lines = Self.text.split(separator: "\n").dropFirst().joined(separator: "\n")
    let new = try parse("\(line)\nlogging: {format: text}\nlimits: {idle: 9s}\n\(lines)")
    let changes = ConfigurationChanges(from: old, to: new)
    #expect(changes.needsRestart == [key, "logging.format"])
    #expect(changes.settings == ["limits"])
    #expect(changes.effective.listen == old.listen)
    #expect(changes.effective.logging == old.logging)
    #expect(changes.effective.limits == new.limits)
    let again = ConfigurationChanges(from: changes.effective, to: new)
    #expect(again.isEmpty)
    #expect(again.needsRestart == [key, "logging.format"])
  }
}
