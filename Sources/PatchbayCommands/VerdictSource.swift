import Basics
import DataSources
import Foundation
import GatewayConfiguration
import Logging
import PatchbayServer
import RedisClient
import ReplicaSharing
import TokenVerification

/// Who says whether a server would accept a token: the running server itself where it answers, because only it knows which
/// nonces data sources were registered with and what an operator has revoked; or else what is known without it.
enum VerdictSource: Sendable {
  /// The server's admin port.
  case server(RunningServerClient)
  /// The configuration and the note that servers share of their registrations.
  case note(TokenVerifier, place: String)
  /// The configuration alone. `isPartial`: a running server would know more.
  case configuration(TokenVerifier, isPartial: Bool, why: String)

  /// What came of a token.
  struct Result: Sendable {
    var verdict: TokenVerdict
    var explanation: String
  }

  /// In one line, for the person who asked.
  var description: String {
    switch self {
    case .server(let client):
      "asked: the running server, on its admin port \(client.address), "
        + "with \(client.configuration ?? "the embedded demo")"
    case .note(_, let place):
      "asked: the configuration and the registrations noted in \(place); no server answers here"
    case .configuration(_, _, let why): "asked: the configuration alone (\(why))"
    }
  }

  /// Judges one token as a server would: nothing around it is forgiven.
  func judge(_ token: String) async throws -> Result {
    switch self {
    case .server(let client): return try await client.verify(token)
    case .note(let verifier, _): return await Self.judge(token, verifier, isPartial: false)
    case .configuration(let verifier, let isPartial, _):
      return await Self.judge(token, verifier, isPartial: isPartial)
    }
  }

  private static func judge(_ token: String, _ verifier: TokenVerifier, isPartial: Bool) async -> Result {
    let outcome = await verifier.verify(authorization: [token], schema: .anyOfTenant)
    let inspection = await TokenInspection.verifying(token, with: verifier)
    var verdict = TokenVerdict(outcome)
    var explanation = inspection.description
    if isPartial, verdict.accepted, case .accepted(let identity) = outcome, verifier.policy.hasOpenNonces(identity) {
      verdict = .unknownNonce
      explanation += "\nnot accepted yet: \(verdict.reason ?? ""). \(verdict.advice ?? "")"
    }
    return Result(verdict: verdict, explanation: explanation)
  }

  /// The best source there is for a configuration.
  ///
  /// - Parameter address: the admin port, where it is not the configuration's.
  static func best(
    _ configuration: Configuration, verifier: TokenVerifier, address: NetworkAddress?
  ) async throws -> VerdictSource {
    let why: String
    switch await RunningServerClient.find(configuration, at: address ?? configuration.admin.address) {
    case .success(let client): return .server(client)
    case .failure(let failure):
      // Whoever names the port wants that server's answer.
      if address != nil { throw failure }
      why = failure.description
    }
    guard !configuration.identity.isDevelopment else {
      throw CommandError("With identity.development only the running server has the issuer's key, and \(why).")
    }
    let isRegistered = configuration.identity.tenants.contains { $0.dataSource?.isRegistered == true }
    guard isRegistered, let lease = configuration.dataSources?.lease else {
      return .configuration(verifier, isPartial: isRegistered, why: why)
    }
    do {
      let (place, notes) = try await Self.notes(lease, configuration)
      guard !notes.isEmpty else {
        return .configuration(verifier, isPartial: true, why: "\(why); \(place) is empty")
      }
      let directory = TenantDirectory(verifier)
      for (registration, nonces) in Dictionary(grouping: notes, by: { [$0.key.organization, $0.key.url] }) {
        directory.accept(
          nonces: nonces.flatMap { $0.nonces.map(\.nonce) }, organization: registration[0], url: registration[1],
          isAll: nonces.allSatisfy(\.isComplete))
      }
      return .note(verifier, place: place)
    } catch { return .configuration(verifier, isPartial: true, why: "\(why); the lease \(error)") }
  }

  /// What servers with a lease noted of their registrations, and where.
  private static func notes(
    _ lease: Configuration.DataSources.Lease, _ configuration: Configuration
  ) async throws -> (place: String, notes: [RegistrationNote]) {
    if let file = lease.file { return (file, try await LockFileLease(path: file).notes(now: WallClock.now())) }
    guard let cluster = configuration.cluster else { return ("", []) }
    var log = Logger(label: "redis")
    log.logLevel = .critical
    let redis = try RedisConnection(try cluster.redisSettings(), log: log)
    defer { redis.close() }
    _ = await redis.isConnected(within: .seconds(3))
    return (cluster.redis, try await RedisLease(redis).notes(now: WallClock.now()))
  }
}

extension TokenVerdict {
  /// Nothing is wrong with a token but that only a running server knows its registration's nonce.
  static var unknownNonce: TokenVerdict {
    var verdict = TokenVerdict(isAccepted: false)
    verdict.check = TokenRefusal.Check.tenant.rawValue
    verdict.field = TokenField.nonce.rawValue
    verdict.reason = "whether jti is the registered nonce is known to a running server only, and none answers"
    verdict.advice = "Start the server, or name its admin port with --admin HOST:PORT"
    return verdict
  }
}

/// Asks a running server on its admin port.
struct RunningServerClient: Sendable {
  /// The file that the server runs with; nil for the embedded demo.
  private(set) var configuration: String?
  private let port: AdminPort

  /// Where.
  var address: NetworkAddress { port.address }

  /// The server of a configuration, if one answers.
  static func find(_ configuration: Configuration, at address: NetworkAddress) async -> Result<Self, CommandError> {
    do throws(CommandError) {
      var client = RunningServerClient(port: try AdminPort(configuration, at: address, maximumBytes: 262_144))
      client.configuration = try await client.ask("").configuration
      return .success(client)
    } catch { return .failure(error) }
  }

  private init(port: AdminPort) { self.port = port }

  /// What the server makes of a token; waits while it fetches the issuer's keys.
  func verify(_ token: String) async throws -> VerdictSource.Result {
    for _ in 0..<30 {
      let answer = try await ask(token)
      if !answer.isPending { return .init(verdict: answer.verdict, explanation: answer.explanation) }
      try await Task.sleep(for: .milliseconds(200))
    }
    throw CommandError("The server at \(address) is still fetching the issuer's keys. Try again.")
  }

  private func ask(_ token: String) async throws(CommandError) -> VerificationCall.Answer {
    // What is over the limit is refused for that, however long it is.
    let answer = try await port.ask(VerificationCall.path, body: Array(token.utf8.prefix(9_000)))
    guard answer.status == 200 else {
      throw CommandError("what answers at \(address) is no patchbay server that verifies tokens")
    }
    guard let decoded = try? JSONDecoder().decode(VerificationCall.Answer.self, from: Data(answer.body)),
      decoded.server == "patchbay"
    else { throw CommandError("what answers at \(address) is no patchbay server") }
    return decoded
  }
}
