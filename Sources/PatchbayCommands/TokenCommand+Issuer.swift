import ArgumentParser
import Basics
import Foundation
import GatewayConfiguration
import HTTPServing
import PatchbayServer
import TokenVerification
import UnixSignals
import WebexStandIn

extension TokenCommand {
  /// `patchbay token issuer`.
  struct Issuer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs a stand-in for Webex's issuer and data sources, to develop without Webex.",
      discussion: """
        It publishes a key set, mints tokens, and answers the REST calls for data sources and for a Service App's OAuth \
        tokens as Webex does. It listens on the loopback interface only, and prints what to write into a server's \
        configuration.

        Commands on standard input, one a line: mint [ORG [URL]] (a token of the data source that is registered, where one \
        is), rotate (SIGHUP does it too), withdraw [KID], keys, \
        requests, expire, quit. The same and more over HTTP under /stand-in: faults such as 429, late and lost answers, \
        tokens of any claims (see Docs/StandIn.md).
        """)

    @Option(
      help: ArgumentHelp("Where to listen, on the loopback interface; port 0 takes a free one.", valueName: "host:port")
    )
    var address = "127.0.0.1:8090"

    @Option(
      help: ArgumentHelp("Where keys, tokens and data sources are kept from one run to the next.", valueName: "folder"))
    var state: String?

    @Option(help: ArgumentHelp("An organization that has authorized the Service App. May repeat.", valueName: "uuid"))
    var org: [String] = []

    @Option(help: ArgumentHelp("The data source's URL in the configuration that is printed.", valueName: "url"))
    var url = "https://localhost:50051"

    @Option(help: ArgumentHelp("The issuer (iss).", valueName: "url"))
    var issuer = DevelopmentIssuer.defaultIssuer

    @Option(
      help: ArgumentHelp("A domain of the Service App; without one any is taken. May repeat.", valueName: "domain"))
    var domain: [String] = []

    @Option(
      help: ArgumentHelp(
        "When a refresh token that was used ends: never, on-use (of its successor) or at-once.", valueName: "when"))
    var refreshTokens = StandInSettings.RefreshRotation.onUse.rawValue

    @Option(help: ArgumentHelp("How many seconds an access token serves.", valueName: "seconds"))
    var accessTokenLifetime: Int64 = 14 * 86_400

    @Flag(help: "Print what to configure as one line of JSON instead.")
    var json = false

    func run() async throws {
      let signals = await RunningServer.operatorSignals()
      let settings = try settings()
      let server: StandInServer
      let registration: Registration
      do {
        let store = try state.map { try StandInStore(folder: $0) }
        var platform = try store?.load(settings) ?? WebexPlatform(settings)
        let tokens = settings.organizations.map { organization in
          let tokens = platform.authorizeServiceApp(
            organization: organization, now: WallClock.now())
          return Registration.Tokens(
            organization: organization, accessToken: tokens.accessToken, refreshToken: tokens.refreshToken)
        }
        server = try StandInServer(listening(), platform, store: store)
        registration = try Registration(server, settings, tokens, url: url, store: store)
      } catch { throw CommandError("\(error)") }
      print(json ? try registration.json() : registration.text)
      fflush(nil)
      let commands = StandInCommands(server: server)
      commands.readStandardInput()
      for await signal in signals {
        if signal != .sighup { break }
        print(commands.answer("rotate"))
        fflush(nil)
      }
    }

    private func settings() throws -> StandInSettings {
      let organizations = org.isEmpty ? ["ce861fba-6e2f-49f9-9a84-b354008fac9e"] : org
      for organization in organizations where UUID(uuidString: organization) == nil {
        throw ValidationError("--org is a UUID, not '\(organization)'.")
      }
      guard let rotation = StandInSettings.RefreshRotation(rawValue: refreshTokens) else {
        throw ValidationError("--refresh-tokens is never, on-use or at-once, not '\(refreshTokens)'.")
      }
      try require(
        (1...31_536_000).contains(accessTokenLifetime),
        "--access-token-lifetime is from 1 to 31536000 seconds.")
      var settings = StandInSettings(issuer: issuer, organizations: organizations)
      settings.refreshRotation = rotation
      settings.domains = domain
      settings.url = url
      settings.accessTokenLifetime = accessTokenLifetime
      return settings
    }

    private func listening() throws -> NetworkAddress {
      guard let listening = NetworkAddress(address) else {
        throw CommandError("--address is HOST:PORT such as 127.0.0.1:8090, not '\(address)'.")
      }
      return listening
    }
  }
}

/// What whoever starts the stand-in has to know of it.
private struct Registration: Encodable {
  struct Tokens: Encodable {
    var organization: String
    var accessToken: String?
    var refreshToken: String?
    /// The file that holds the refresh token, where there is a folder for it.
    var refreshTokenFile: String?
  }

  var address: String
  var issuer: String
  var keysURL: String
  var baseURL: String
  var control: String
  var applicationID: String
  var clientID: String
  var clientSecret: String?
  var clientSecretFile: String?
  var tokens: [Tokens]
  var url: String

  init(
    _ server: StandInServer, _ settings: StandInSettings, _ tokens: [Tokens], url: String, store: StandInStore?
  ) throws {
    address = "\(server.address)"
    issuer = settings.issuer
    keysURL = server.keysURL
    baseURL = server.baseURL
    control = "http://\(server.address)/stand-in"
    applicationID = settings.applicationID
    clientID = settings.clientID
    clientSecret = settings.clientSecret
    self.tokens = tokens
    self.url = url
    guard let store else { return }
    clientSecretFile = try store.write(settings.clientSecret, as: "client-secret")
    for index in tokens.indices {
      let name = "refresh-token-\(tokens[index].organization)"
      self.tokens[index].refreshTokenFile = try store.write(tokens[index].refreshToken ?? "", as: name)
    }
  }

  func json() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }

  var text: String {
    var lines = [
      "stand-in on \(address)", "", "# For the server's configuration:", "identity:", "  issuers:",
      "    - issuer: \(issuer)", "      keys_url: \(keysURL)", "  tenants:",
    ]
    for tokens in tokens {
      lines += ["    - org: \(tokens.organization)", "      name: Example", "      url: \(url)"]
    }
    lines += [
      "", "# For data sources:", "#   REST base        \(baseURL)", "#   application      \(applicationID)",
      "#   client id        \(clientID)",
      "#   client secret    \(clientSecretFile.map { "in " + $0 } ?? clientSecret ?? "")",
    ]
    for tokens in tokens {
      lines.append(
        "#   refresh token    \(tokens.refreshTokenFile.map { "in " + $0 } ?? tokens.refreshToken ?? "") "
          + "(\(tokens.organization))"
      )
    }
    lines += [
      "", "# Minting, keys, faults, counters: \(control)",
      "# Here: mint [ORG [URL]] | rotate | withdraw [KID] | keys | requests | expire | quit",
    ]
    return lines.joined(separator: "\n")
  }
}

/// The commands that the stand-in takes on standard input.
private struct StandInCommands: Sendable {
  let server: StandInServer

  /// Reads commands on a thread of its own until the input ends; the stand-in goes on after that.
  func readStandardInput() {
    Thread.detachNewThread {
      while let line = readLine() {
        let answer = answer(line)
        if !answer.isEmpty { print(answer) }
        fflush(nil)
      }
    }
  }

  func answer(_ line: String) -> String {
    let words = line.split(separator: " ").map(String.init)
    func word(_ place: Int) -> String? { words.indices.contains(place) ? words[place] : nil }
    return server.withPlatform { platform in
      switch words.first {
      case nil: return ""
      case "mint":
        do {
          return try platform.mint(organization: word(1), url: word(2), now: WallClock.now())
        } catch { return "\(error)" }
      case "rotate":
        do { try platform.rotateKeys() } catch { return "\(error)" }
        return "signing with \(platform.signingKeyID) now; \(platform.keys.count) keys are published"
      case "withdraw":
        let old = word(1) ?? platform.keys.first?.keyID ?? ""
        return platform.withdrawKey(old)
          ? "withdrew \(old)" : "only a published key that does not sign can be withdrawn"
      case "keys":
        return platform.keys.map { $0.keyID + ($0.keyID == platform.signingKeyID ? "  signs" : "") }
          .joined(separator: "\n")
      case "requests":
        return platform.requests.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)" }.joined(separator: "\n")
      case "expire":
        platform.expireTokens()
        return "all access tokens have ended"
      case "quit":
        kill(getpid(), SIGTERM)
        return ""
      default: return "mint [ORG [URL]] | rotate | withdraw [KID] | keys | requests | expire | quit"
      }
    }
  }
}
