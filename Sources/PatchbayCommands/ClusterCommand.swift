import Basics
import AdminServer
import ArgumentParser
import Foundation
import GatewayConfiguration
import Logging
import PatchbayServer
import RedisClient
import ReplayKit
import ReplicaSharing
import YAMLReading

/// `patchbay cluster`: the servers that share a Redis.
struct ClusterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster", abstract: "Shows the servers of a cluster.", subcommands: [Status.self])

  /// `patchbay cluster status`.
  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the servers with their live calls.",
      discussion: """
        Asks the Redis of the configuration's `cluster`; no server has to run here. With --admin it asks that server, \
        which also tells what it knows while Redis is not reachable.

        Exits with 0 where a server is ready and none is silent, with 1 where not, or where nobody could be asked, with \
        78 where the configuration is wrong or has no `cluster`.
        """)

    @OptionGroup var file: ConfigurationFile

    @Option(
      help: ArgumentHelp("Asks the server with this admin port instead of Redis.", valueName: "host:port"))
    var admin: String?

    @Flag(help: "Prints JSON instead of a table.")
    var json = false

    func run() async throws {
      let configuration = try file.load()
      let found: StatusSnapshot.Cluster
      let asked: String
      let address = try admin.map { try NetworkAddress(admin: $0) }
      if let address {
        (found, asked) = (try await Self.ask(address, configuration), "asked the server at \(address)")
      } else {
        guard let cluster = configuration.cluster else {
          StandardError.write(
            "\(file.name): there is no `cluster`; write `cluster: {redis: …, address: …, secret_file: …}`, or name a "
              + "server's admin port with --admin HOST:PORT")
          throw ExitCode(ConfigurationError.exitStatus)
        }
        (found, asked) = (try await Self.ask(cluster), "asked \(cluster.redis)")
      }
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(found), as: UTF8.self))
      } else {
        print(ClusterText.table(found))
        print(asked)
      }
      if let trouble = found.trouble { StandardError.write("warning: \(trouble); the list may be old") }
      guard ClusterText.isWell(found) else { throw ExitCode(1) }
    }

    /// What Redis has.
    private static func ask(_ cluster: Configuration.Cluster) async throws -> StatusSnapshot.Cluster {
      // What goes wrong is told below.
      var log = Logger(label: "redis")
      log.logLevel = .critical
      let redis: RedisConnection
      do { redis = try RedisConnection(try cluster.redisSettings(), log: log) } catch {
        StandardError.write("cluster.redis: \(error)")
        throw ExitCode(ConfigurationError.exitStatus)
      }
      defer { redis.close() }
      guard await redis.isConnected(within: .seconds(3)) else {
        if case .unreachable(let reason) = redis.state { throw CommandError("Redis is not reachable: \(reason)") }
        throw CommandError("Redis is not reachable")
      }
      do throws(RedisError) {
        return StatusSnapshot.Cluster(try await redis.replicas(within: .seconds(3)), age: .zero)
      } catch { throw CommandError("\(error)") }
    }

    private struct Body: Decodable {
      var version: String
      var cluster: StatusSnapshot.Cluster?
    }

    /// What a server knows.
    private static func ask(
      _ address: NetworkAddress, _ configuration: Configuration
    ) async throws -> StatusSnapshot.Cluster {
      let answer = try await AdminPort(configuration, at: address, maximumBytes: 4 << 20).ask("/status")
      guard answer.status == 200, let body = try? JSONDecoder().decode(Body.self, from: Data(answer.body)) else {
        throw CommandError("what answers at \(address) is no patchbay server")
      }
      guard let cluster = body.cluster else {
        throw CommandError("the server at \(address) is in no cluster: its configuration has no `cluster`")
      }
      return cluster
    }
  }
}

/// The servers of a cluster as a person reads them.
enum ClusterText {
  /// Whether calls are taken and nobody is missing.
  static func isWell(_ cluster: StatusSnapshot.Cluster) -> Bool {
    cluster.trouble == nil && cluster.servers.contains { $0.state == "ready" }
      && !cluster.servers.contains { $0.state == StatusSnapshot.Cluster.Server.silent }
  }

  static func table(_ cluster: StatusSnapshot.Cluster) -> String {
    guard !cluster.servers.isEmpty else { return "No server has told of itself in the last minute." }
    let head = ["SERVER", "STATE", "CALLS", "OWNED", "UP", "LAST SEEN", "VERSION"]
    let rows = cluster.servers.map { server in
      [
        DataSourceText.visible(server.address), DataSourceText.visible(server.state), "\(server.liveCalls)",
        "\(server.ownedCalls)",
        span(server.uptime), String(format: "%.1f s ago", server.secondsAgo), DataSourceText.visible(server.version),
      ]
    }
    let count = cluster.servers.count
    let calls = cluster.liveCalls
    return Table.lines([head] + rows, right: [2, 3, 4, 5]).joined(separator: "\n")
      + "\n\(count) server\(count == 1 ? "" : "s"), \(calls) live call\(calls == 1 ? "" : "s")"
  }

  private static func span(_ seconds: Int) -> String {
    switch seconds {
    case ..<120: "\(max(0, seconds)) s"
    case ..<7_200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3_600) h"
    default: "\(seconds / 86_400) d"
    }
  }
}
