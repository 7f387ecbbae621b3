import Basics
import Foundation
import Locking
import Testing
import WebexStandIn

@testable import DataSources

/// A folder that goes when the test has ended.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "data-sources-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ content: String? = nil, mode: Int = 0o600) throws -> String {
    let file = path + "/" + name
    if let content {
      try Data(content.utf8).write(to: URL(filePath: file))
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }
    return file
  }

  func content(_ name: String) -> String? { try? String(contentsOfFile: path + "/" + name, encoding: .utf8) }

  func mode(_ name: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
    return attributes?[.posixPermissions] as? Int ?? -1
  }
}

@Suite("The lease of several servers")
struct LeaseTests {
  @Test("The first that asks has it, until it ends or is given back; each change of hands has a larger fence")
  func changesHands() async throws {
    let folder = try Folder()
    let path = try folder.file("lease")
    let one = LockFileLease(path: path, owner: "one")
    let two = LockFileLease(path: path, owner: "two")
    #expect(try await one.hold(publishing: nil, now: 1_000).isHeld)
    let refused = try await two.hold(publishing: nil, now: 1_059)
    #expect(!refused.isHeld && refused.owner == "one" && refused.expires == 1_060 && refused.fence == 1)
    #expect(try await one.hold(publishing: nil, now: 1_050).fence == 1)
    let taken = try await two.hold(publishing: nil, now: 1_110)
    #expect(taken.isHeld && taken.fence == 2)
    #expect(try await !one.hold(publishing: nil, now: 1_111).isHeld)
    await one.release(now: 1_112)
    #expect(try await !one.hold(publishing: nil, now: 1_112).isHeld, "what is not ours is not given back")
    await two.release(now: 1_113)
    #expect(try await one.hold(publishing: nil, now: 1_113).fence == 3)
    #expect(folder.mode("lease") == 0o600)
  }

  @Test("Of many that find it ended at once, one gets it")
  func atOnce() async throws {
    let folder = try Folder()
    let path = try folder.file("lease")
    for round in 0..<5 {
      let now = Int64(1_000 + round * 100)
      let holders = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<8 {
          group.addTask {
            try await LockFileLease(path: path, owner: "\(round)-\(number)").hold(publishing: nil, now: now).isHeld
          }
        }
        return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(holders == 1)
    }
  }

  @Test(
    "Notes go from the one that has it to the others; a file that cannot be read, or ends years from now, is nobody's")
  func notes() async throws {
    let folder = try Folder()
    let path = try folder.file("lease")
    let note = RegistrationNote(
      key: Webex.desired().key, id: "an \"id\"", expiry: 5_000, nonces: [.init(nonce: "n", until: 6_000)],
      isComplete: true)
    let one = LockFileLease(path: path, owner: "one")
    let two = LockFileLease(path: path, owner: "two")
    _ = try await one.hold(publishing: [note], now: 1_000)
    #expect(try await two.hold(publishing: [], now: 1_001).notes == [note])
    #expect(try await one.hold(publishing: nil, now: 1_002).notes == [note])
    for text in ["{", "[]", "{\"owner\":\"x\",\"fence\":1,\"expires\":99999999999,\"registrations\":[]}", ""] {
      _ = try folder.file("lease", text)
      #expect(try await two.hold(publishing: nil, now: 2_000).isHeld, "\(text)")
    }
    let nowhere = LockFileLease(path: folder.path + "/no/lease", owner: "x")
    let error = await #expect(throws: FileError.self) { try await nowhere.hold(publishing: nil, now: 1) }
    #expect(error?.description == "\(folder.path)/no/lease.lock cannot be opened (No such file or directory)")
  }

  /// Two servers of one tenant, each with what it takes.
  private struct Replica {
    let registrar: Registrar
    let accepted = Locked<[String]>([])

    init(_ webex: Webex, _ lease: any RenewalLease) {
      var timing = RenewalTiming()
      timing.announcement = .seconds(10)
      let accepted = accepted
      registrar = Registrar(
        [.init(Webex.desired(), client: webex.client())], lease: lease, timing: timing, now: { webex.now },
        log: LogBook().logger
      ) { one in accepted.withLock { $0 = one.nonces } }
    }

    func takes(_ nonce: String?) -> Bool { accepted.withLock { $0.contains(nonce ?? "") } }
  }

  @Test("Of two servers one renews; both take every nonce before it is used; the other takes over when one is gone")
  func twoServers() async throws {
    let webex = try Webex()
    let folder = try Folder()
    let path = try folder.file("lease")
    let one = Replica(webex, LockFileLease(path: path, owner: "one"))
    let two = Replica(webex, LockFileLease(path: path, owner: "two"))
    func live(_ replicas: [Replica], _ seconds: Int) async {
      for _ in 0..<(seconds / 2) {
        for replica in replicas { _ = await replica.registrar.round() }
        for replica in replicas {
          #expect(replica.takes(webex.sources.first?.registration.nonce), "at \(webex.now.wall)")
        }
        webex.pass(2)
      }
    }
    _ = await one.registrar.round()
    await live([one, two], 600)
    #expect(webex.sources.count == 1)
    let renewals = webex.calls.filter { $0.hasPrefix("PUT") }.count
    #expect((5...8).contains(renewals), "as many as one alone would make: \(renewals)")
    #expect(one.registrar.statuses.first?.state == .active)
    #expect(two.registrar.statuses.first?.state == .elsewhere)
    #expect(two.registrar.statuses.first?.secondsLeft(now: webex.now.wall) ?? 0 > 0)
    // The first is killed: the second goes on, before the token has ended, and knows what is good.
    await live([two], 300)
    #expect(two.registrar.statuses.first?.state == .active)
    #expect(webex.sources.first.map { $0.tokenExpiry > webex.now.wall } ?? false)
    // The first comes back from a long pause: what it had decided is void.
    let count = webex.calls.filter { $0.hasPrefix("PUT") }.count
    _ = await one.registrar.round()
    #expect(webex.calls.filter { $0.hasPrefix("PUT") }.count == count)
    await live([one, two], 60)
  }
}

/// Storage that is gone.
private struct LostLease: RenewalLease {
  func hold(publishing notes: [RegistrationNote]?, now: Int64) async throws(FileError) -> LeaseStanding {
    throw FileError("lease", "is gone")
  }
  func release(now: Int64) async {}
}

/// A lease whose storage goes when it is told.
private final class FragileLease: RenewalLease {
  let isLost = Locked(false)

  func hold(publishing notes: [RegistrationNote]?, now: Int64) async throws(FileError) -> LeaseStanding {
    if isLost.withLock({ $0 }) { throw FileError("lease", "is gone") }
    return try await SoleLease().hold(publishing: notes, now: now)
  }
  func release(now: Int64) async {}
}

@Suite("When the lease is gone")
struct LostLeaseTests {
  @Test("Nothing is done without the lease as long as there is time; no registration lapses for lack of it")
  func rescue() async throws {
    let webex = try Webex()
    let never = Registrar(
      [.init(Webex.desired(), client: webex.client())], lease: LostLease(), now: { webex.now },
      log: LogBook().logger
    ) { _ in }
    for _ in 0..<100 {
      _ = await never.round()
      webex.pass(2)
    }
    #expect(webex.calls.isEmpty)

    let lease = FragileLease()
    let book = LogBook()
    let isAll = Locked(true)
    let registrar = Registrar(
      [.init(Webex.desired(), client: webex.client())], lease: lease, now: { webex.now }, log: book.logger
    ) { one in isAll.withLock { $0 = one.isAll } }
    _ = await registrar.round()
    #expect(isAll.withLock { $0 })
    lease.isLost.withLock { $0 = true }
    for _ in 0..<300 {
      webex.pass(2)
      _ = await registrar.round()
      #expect(webex.sources.first.map { $0.tokenExpiry > webex.now.wall } ?? false)
    }
    #expect(!isAll.withLock { $0 }, "no token is refused for a nonce that another server may have registered")
    #expect(book.text.contains("renewed without it"))
  }

  @Test("A token with a nonce that nobody knows has the registration read at once, and not for every call")
  func questions() async throws {
    let webex = try Webex()
    let accepted = Locked<[String]>([])
    let registrar = Registrar(
      [.init(Webex.desired { $0.lifetimeMinutes = 60 }, client: webex.client())], now: { webex.now },
      log: LogBook().logger
    ) { one in accepted.withLock { $0 = one.nonces } }
    _ = await registrar.round()
    let id = try #require(webex.sources.first).id
    var fields = Webex.fields(nonce: "by-hand")
    fields.lifetimeMinutes = 60
    webex.pass(20)
    _ = try await webex.client().source(.replace(id: id, fields))
    webex.forgetCalls()
    for _ in 0..<5 {
      registrar.question(organization: Webex.organization)
      _ = await registrar.round()
      webex.pass(1)
    }
    #expect(webex.calls == ["GET /dataSources/…"])
    #expect(accepted.withLock { $0.contains("by-hand") })
  }
}
