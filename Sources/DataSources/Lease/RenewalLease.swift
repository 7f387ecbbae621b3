public import Basics

/// Who of several servers looks after the registrations. One implementation keeps a file on shared storage; a lease in a
/// database or an orchestrator would be another.
public protocol RenewalLease: Sendable {
  /// Takes the lease where it is free or has ended, keeps it where it is ours, and in both cases publishes `notes`,
  /// if there are any; otherwise tells who has it.
  ///
  /// - Parameter now: seconds since 1970, which the servers' clocks agree on but for a few.
  func hold(publishing notes: [RegistrationNote]?, now: Int64) async throws(FileError) -> LeaseStanding
  /// Gives the lease back, so that another server need not wait for its end.
  func release(now: Int64) async
}

/// What is known of the lease: what its file holds, and whose it is.
public struct LeaseStanding: Sendable, Hashable {
  /// Whether it is ours.
  public var isHeld = false
  /// Who has it.
  public var owner: String
  /// Grows whenever the lease changes hands: what was decided under a smaller one is void.
  public var fence: Int64
  /// When it ends unless it is kept, in seconds since 1970.
  public var expires: Int64
  /// What was published last.
  public var notes: [RegistrationNote]

  /// The same without the nonces that have ended.
  package func liveNotes(now: Int64) -> [RegistrationNote] {
    notes.map { note in
      var note = note
      note.nonces.removeAll { now >= $0.until }
      return note
    }
  }
}

/// For a server that is alone.
public struct SoleLease: RenewalLease {
  /// The lease of a server that is alone.
  public init() {}

  /// It is always ours.
  public func hold(publishing notes: [RegistrationNote]?, now: Int64) async throws(FileError) -> LeaseStanding {
    LeaseStanding(isHeld: true, owner: "", fence: 1, expires: .max, notes: [])
  }

  /// Nobody waits for it.
  public func release(now: Int64) async {}
}
