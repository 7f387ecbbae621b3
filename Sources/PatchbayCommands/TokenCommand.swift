import ArgumentParser
import Basics
import Foundation
import GatewayConfiguration
import PatchbayServer
import ReplayKit
import TokenVerification

/// `patchbay token`: development tokens, and what is in a token.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Makes development tokens, and explains tokens.",
    subcommands: [Mint.self, Inspect.self, Verify.self, Issuer.self, Bench.self])

  /// `patchbay token mint`.
  struct Mint: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a token for development, signed with a key of your own.",
      discussion: """
        The token goes to standard output, and nothing else. A server accepts it if its configuration names the issuer, \
        with the key set of --keys-out at its keys_url, and a tenant with the same organization and URL. Webex's own \
        tokens cannot be made like this.
        """)

    @Option(help: ArgumentHelp("The organization.", valueName: "uuid"))
    var org = "ce861fba-6e2f-49f9-9a84-b354008fac9e"

    @Option(help: ArgumentHelp("The data source's URL, byte for byte as the server's tenant has it.", valueName: "url"))
    var url = "https://localhost:50051"

    @Option(help: ArgumentHelp("The audience (aud).", valueName: "text"))
    var audience: String?

    @Option(help: ArgumentHelp("The subject (sub).", valueName: "text"))
    var subject: String?

    @Option(help: ArgumentHelp("The nonce (jti).", valueName: "text"))
    var nonce: String?

    @Option(
      help: ArgumentHelp(
        "What the token is for: voice, voice-websocket, forking, meetings or a schema's UUID.", valueName: "schema"))
    var schema = "voice"

    @Option(help: ArgumentHelp("How long it is valid: 90s, 30m, 24h.", valueName: "time"))
    var lifetime = "1h"

    @Option(help: ArgumentHelp("The issuer's private key, PEM; made if it is not there.", valueName: "file"))
    var key = "development-issuer.pem"

    @Option(help: ArgumentHelp("The issuer (iss).", valueName: "url"))
    var issuer = DevelopmentIssuer.defaultIssuer

    @Option(help: ArgumentHelp("Where to write the key set (JWKS) that verifies the token.", valueName: "file"))
    var keysOut: String?

    func run() throws {
      let issuer: DevelopmentIssuer
      let tenant: Tenant
      do { issuer = try DevelopmentIssuer(creatingKeyFile: key, issuer: self.issuer) } catch {
        throw CommandError("\(key): \(error)")
      }
      do {
        tenant = try Tenant(
          organization: org, name: org, url: url, audience: audience, subject: subject, nonces: nonce.map { [$0] })
      } catch { throw ValidationError("\(error)") }
      let token = try issuer.mint(issuer.claims(for: tenant, schema: try schemaID(), lifetime: try seconds()))
      if let keysOut {
        do {
          try Data((issuer.keySetDocument + "\n").utf8).write(to: URL(fileURLWithPath: keysOut), options: .atomic)
        } catch {
          throw CommandError("\(keysOut) cannot be written: \(error.localizedDescription)")
        }
      }
      print(token)
    }

    private func schemaID() throws -> SchemaID {
      switch schema {
      case "voice": return .voiceVirtualAgent
      case "voice-websocket": return .voiceVirtualAgentSocket
      case "forking": return .audioForking
      case "meetings": return .mediaIntelligence
      default:
        try require(
          UUID(uuidString: schema) != nil,
          "--schema is voice, voice-websocket, forking, meetings or a UUID, not '\(schema)'.")
        return SchemaID(rawValue: schema.lowercased())
      }
    }

    private func seconds() throws -> Int64 {
      let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
      guard let unit = lifetime.last.flatMap({ units[$0] }), let count = Int64(lifetime.dropLast()),
        case let (seconds, isTooLong) = count.multipliedReportingOverflow(by: unit), !isTooLong,
        (1...31_536_000).contains(seconds)
      else { throw ValidationError("--lifetime is a time such as 90s, 30m or 24h, not '\(lifetime)'.") }
      return seconds
    }
  }

  /// `patchbay token inspect`.
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows what is in a token, and what is wrong with its form and times.",
      discussion: "Nothing is verified. Exits with 1 if any server would refuse the token.")

    @OptionGroup var token: GivenToken

    func run() throws {
      let inspection = TokenInspection(try token.text())
      print(inspection)
      if !inspection.findings.isEmpty { throw ExitCode.failure }
    }
  }

  /// `patchbay token verify`.
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tells whether a server with a configuration would accept a token, and why not.",
      discussion: """
        Asks the running server on its admin port, which knows the nonces that data sources are registered with and what \
        is revoked. Where none answers, it looks into the configuration, the issuer's keys (fetched, unless --keys has \
        them) and the note that servers with a lease share, and says so. Exits with 1 if the token is not accepted, with \
        78 if the configuration is bad. With --batch it reads any number of tokens, one a line, and writes one JSON \
        object a line: {"accepted": true, "tenant": …, "org": …} or {"accepted": false, "check": …, "field": …, \
        "reason": …, "advice": …}; it exits with 1 if any is not accepted.
        """)

    @OptionGroup var token: GivenToken

    @OptionGroup var file: ConfigurationFile

    @Option(
      help: ArgumentHelp("The running server's admin port. Default: the configuration's.", valueName: "host:port"))
    var admin: String?

    @Option(
      help: ArgumentHelp(
        "The issuer's key set (JWKS), instead of fetching it; no running server is asked then.", valueName: "file"))
    var keys: String?

    @Flag(help: "Read tokens from standard input, one a line (or a JSON string of one), and write one verdict a line.")
    var batch = false

    func run() async throws {
      try require(
        file.path != nil,
        "Say which server with --config FILE; the embedded demo makes an issuer of its own each time it starts.")
      let configuration = try file.load()
      let policy: ClaimPolicy
      do { policy = try configuration.policyWithRevocations() } catch {
        throw CommandError("\(file.name): \(error)")
      }
      let verifier = TokenVerifier(policy: policy, keys: try keySource(configuration.identity))
      let source = try await source(configuration, verifier)
      if batch {
        // Standard output is the verdicts alone.
        StandardError.write(source.description)
        guard try await TokenBatch.run(with: source) else { throw ExitCode.failure }
        return
      }
      let result = try await source.judge(try token.text().trimmingCharacters(in: .whitespacesAndNewlines))
      print(source.description)
      print(result.explanation)
      if result.verdict.isRetired == true {
        print([result.verdict.reason, result.verdict.advice].compactMap(\.self).joined(separator: ". "))
      }
      guard result.verdict.accepted else { throw ExitCode.failure }
    }

    private func source(_ configuration: Configuration, _ verifier: TokenVerifier) async throws -> VerdictSource {
      guard keys == nil else {
        let isRegistered = configuration.identity.tenants.contains { $0.dataSource?.isRegistered == true }
        return .configuration(verifier, isPartial: isRegistered, why: "with the keys of \(keys ?? "")")
      }
      let address = try admin.map { try NetworkAddress(admin: $0) }
      return try await VerdictSource.best(configuration, verifier: verifier, address: address)
    }

    private func keySource(_ identity: Configuration.Identity) throws -> any KeySource {
      guard let keys else {
        return RemoteKeySource(issuers: try identity.trustedIssuers())
      }
      let document = try BoundedFile.read(keys, maximum: 1 << 20, allowsPipes: true)
      let set: KeySet
      do { set = try KeySet(parsing: document) } catch { throw CommandError("\(keys): \(error)") }
      return StaticKeySource(
        Dictionary(identity.issuers.map { ($0.issuer, set) }, uniquingKeysWith: { first, _ in first }))
    }
  }
}

/// A token as an argument: itself, a file with it, or `-` for standard input.
struct GivenToken: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The token, a file that holds it, or - for standard input. Default: the token of the demo that runs.",
      valueName: "token"))
  var token: String?

  func text() throws -> String {
    guard let token else {
      let ports = DemoToken.ports()
      guard ports.count == 1, let demo = try DemoToken.read(port: ports[0]) else {
        throw CommandError(
          ports.isEmpty
            ? "No server that runs has left a token in \(DemoToken.folder). Name a token or a file."
            : "Several servers have left a token. Name one of the files:"
              + ports.map { "\n  \(DemoToken.path(port: $0))" }.joined())
      }
      return demo
    }
    if token == "-" {
      return String(decoding: FileHandle.standardInput.readData(ofLength: 65_536), as: UTF8.self)
    }
    // A token is not a path that could exist: it has no slash and is longer than a file's name may be.
    if token.utf8.count < 256 || token.contains("/"), let text = try DemoToken.read(token, allowsPipes: true) {
      return text
    }
    return token
  }
}
