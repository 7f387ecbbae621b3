public import Basics
import RedisClient
public import Secrets
import YAMLReading

extension Configuration {
  /// `cluster`: other servers that the same callers reach.
  public struct Cluster: Sendable, Equatable {
    /// `redis`: where the servers agree on who has which conversation.
    public var redis = ""
    /// `redis_ca`: the roots that Redis' certificate has to lead to; `nil` is the system's.
    public var redisCA: String?
    /// `password_file` or `password_variable`: Redis' password.
    public var password: Secret?
    /// `address`: where the other servers reach this one.
    public var address = Self.defaultAddress
    /// `secret_file` or `secret_variable`: what all of them know.
    public var secret: Secret?
    /// `tls`: what protects what they say to each other; without it nothing does.
    public var tls: ClusterTLS?
    /// `lease`: a server that has not said for this long that it lives may be taken for dead.
    public var lease: Duration = 3.s

    static let defaultAddress = NetworkAddress(host: "127.0.0.1", port: 50052)
    /// Bytes that the secret has at least.
    public static let leastSecretLength = 16

    /// A cluster by its defaults.
    public init() {}

    /// What all servers of the cluster know, read now.
    public func readSecret(environment: [String: String]) throws(Secret.ReadingError) -> String {
      guard let secret else { throw Secret.ReadingError("the cluster has no secret") }
      let text = try secret.read(environment: environment)
      guard text.utf8.count >= Self.leastSecretLength, text.isVisibleASCII else {
        throw Secret.ReadingError(
          "the cluster's secret in \(secret) is not of at least \(Self.leastSecretLength) printable characters "
            + "without spaces; write one as `openssl rand -hex 32` makes")
      }
      return text
    }
  }

  /// `cluster.tls`: paths of PEM files.
  public struct ClusterTLS: Sendable, Equatable {
    /// `certificate`.
    public var certificate = ""
    /// `key`.
    public var key = ""
    /// `ca`: what all servers' certificates have to lead to, both ways.
    public var authority = ""
    /// `name`: what every server's certificate names; `nil` is its address.
    public var name: String?

    /// TLS by its defaults.
    public init() {}
  }
}

extension Configuration.Cluster: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "redis", \.redis, .text(1_024),
      "The Redis or Valkey server that all servers use, no Redis Cluster: redis://HOST:PORT, or rediss:// for TLS.",
      required: .example("rediss://redis.example.com:6379"))
    Key("redis_ca", \.redisCA, .file, "The path of a PEM file with the roots of Redis' certificate.")
    Key("password", \.password, .secret, "The password of Redis.")
    Key(
      "address", \.address, .address,
      "The address at which the other servers reach this one; port 0 binds a free one.",
      required: .example("10.0.0.5:50052"))
    Key("secret", \.secret, .secret, "The secret that all servers of the cluster have.")
    Key(
      "tls", \.tls, .group(write: "`tls: {certificate: server.pem, key: server.key, ca: ca.pem}`"),
      "TLS between the servers; without it they speak plaintext.", asOne: true)
    Key(
      "lease", \.lease, .duration(1.s...1.min),
      "A server that has been silent for this long, and does not answer, may be taken for dead.")
  }

  func check(_ section: Section) {
    if section.has("redis") {
      do throws(RedisAddressError) {
        let place = try RedisAddress(redis)
        if address.isLoopback, !NetworkAddress.isLoopback(place.host) {
          section.warn(
            "address",
            "no server of another machine reaches this one at \(address), and theirs may have the same address",
            "write this server's own address, as in 10.0.0.5:\(address.port)")
        }
      } catch {
        section.report("redis", "`\(section.name("redis"))` \(error)", "write redis://HOST:PORT or rediss://HOST:PORT")
      }
    }
    if !section.hasSecret("secret") {
      section.report(
        nil, "the servers of a cluster have no secret, and anybody who reaches \(address) could take calls over",
        "write `secret_file: cluster.secret`; `openssl rand -hex 32` makes one")
    }
    if ["0.0.0.0", "::"].contains(address.host) {
      section.report(
        "address", "no other server can reach this one at \(address)",
        "write this server's own address, as in 10.0.0.5:\(address.port)")
    } else if tls == nil, !address.isLoopback {
      section.warn(
        "address",
        "without `tls` in `cluster`, the secret, tokens and calls cross the network between the servers in plaintext",
        "write `tls: {certificate: server.pem, key: server.key, ca: ca.pem}` where that network is not trusted")
    }
    if redisCA != nil, !redis.lowercased().hasPrefix("rediss:") {
      section.report(
        "redis_ca", "`\(section.name("redis_ca"))` has no effect without TLS to Redis", "write `redis: rediss://…`")
    }
  }
}

extension Configuration.ClusterTLS: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "certificate", \.certificate, .file, "The path of a PEM file with this server's certificate chain.",
      required: .example("server.pem"))
    Key("key", \.key, .secretFile, "The path of a PEM file with its private key.", required: .example("server.key"))
    Key(
      "ca", \.authority, .file, "The path of a PEM file with the roots that all servers' certificates lead to.",
      required: .example("ca.pem"))
    Key(
      "name", \.name, .text(253), "The name that every server's certificate has.", standard: "the server's address")
  }
}
