import Basics
import ArgumentParser
import Foundation
import GatewayConfiguration
import HTTPFetching
import PatchbayServer

/// `patchbay ready`: whether a server on this machine accepts calls.
struct ReadyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ready", abstract: "Asks a server on this machine whether it accepts calls.",
    discussion: """
      Asks /readyz of the admin port, with TLS or without, whichever the port speaks, and needs neither the configuration \
      nor the token: for a container's health check. On the loopback interface any certificate will do.

      Exits with 0 where the server is ready, and with 1 where it is not, or where none answers; then it says why.
      """)

  /// Where the admin port is, unless something else is said.
  private static let standard = "127.0.0.1:8080"

  @Option(
    help: ArgumentHelp(
      "The admin port, on this machine. Default: PATCHBAY_ADMIN_ADDRESS, then \(Self.standard).", valueName: "host:port"
    ))
  var admin: String?

  private struct Body: Decodable {
    var reasons: [String]?
  }

  func run() async throws {
    let text = admin ?? ProcessInfo.processInfo.environment["PATCHBAY_ADMIN_ADDRESS"] ?? Self.standard
    let named = try NetworkAddress(admin: text, as: Self.standard)
    let address = NetworkAddress(host: named.ownHost, port: named.port)
    try require(address.isLoopback, "--admin is a port of this machine, not \(address).")
    let answer = try await ask(address)
    guard answer.status == 200 else {
      let reasons = (try? JSONDecoder().decode(Body.self, from: Data(answer.body)))?.reasons ?? []
      print("not ready: \(reasons.isEmpty ? "HTTP status \(answer.status)" : reasons.joined(separator: "; "))")
      throw ExitCode.failure
    }
    print("ready")
  }

  private func ask(_ address: NetworkAddress) async throws -> HTTPAnswer {
    let exchange = CurlExchange(
      limits: .init(connectMilliseconds: 1_000, totalMilliseconds: 2_000, maximumBytes: 65_536), trust: .loopback)
    do throws(HTTPError) { return try await exchange.perform(HTTPRequest(.get, "http://\(address)/readyz")) } catch {
      // A port with TLS hangs up on what is none.
      do throws(HTTPError) { return try await exchange.perform(HTTPRequest(.get, "https://\(address)/readyz")) } catch {
        throw CommandError("no server answers at \(address): \(error)")
      }
    }
  }
}
