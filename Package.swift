// swift-tools-version: 6.2
import PackageDescription

// A target imports only targets listed above it. One Swift target owns each C module, but for OpenSSL: signatures are
// TokenVerification's, encryption is Recordings', certificates are Certificates'.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies, resources: resources,
    swiftSettings: strict)
}

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
// Spans of calls, and of what an engine of one's own does in them.
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
// TCP and TLS to bots are NIO's, on threads that no call waits for; so are HTTP as a server and WebSocket's frames.
let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
]
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let webSocket: [Target.Dependency] = nio + [.product(name: "NIOHTTP1", package: "swift-nio"), nioWebSocket]
// What starts and ends with the process, and in which order.
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
  name: "patchbay",
  products: [
    .executable(name: "patchbay", targets: ["patchbay"]),
    .library(name: "BotEngine", targets: ["BotEngine"]),
    .library(name: "BotTestKit", targets: ["BotTestKit"]),
    .library(name: "PatchbayCommands", targets: ["PatchbayCommands"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // C
    .target(
      name: "CGRPC",
      linkerSettings: [
        .linkedLibrary("grpc"), .linkedLibrary("gpr"), .linkedLibrary("ssl"), .linkedLibrary("crypto"),
      ]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "COgg", pkgConfig: "ogg", providers: [.apt(["libogg-dev"])]),
    .systemLibrary(name: "COpusEnc", pkgConfig: "libopusenc", providers: [.apt(["libopusenc-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "COpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
    .systemLibrary(name: "CSpeexDSP", pkgConfig: "speexdsp", providers: [.apt(["libspeexdsp-dev"])]),
    .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CWebexSchemas", dependencies: ["CProtobufC"], cSettings: [.headerSearchPath("Generated")]),
    .target(name: "CDemoVoice", exclude: ["Voice"]),
    // The dashboard's files: #embed reads them.
    .target(name: "CDashboard", exclude: ["Page", "Phone", "Dygraphs"]),
    // The page of a load's report: #embed reads it.
    .target(name: "CReport", exclude: ["Page"]),
    // Without it a debug build spends milliseconds on a block of frames: tests could not play as many calls.
    .target(
      name: "CVoiceModel", cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))],
      linkerSettings: [.linkedLibrary("m")]),
    .systemLibrary(name: "CProcess"),
    // What the processes of one server share in memory.
    .target(name: "CProcessTable"),

    // The layers
    layer("Basics"),
    layer("Locking"),
    layer("Secrets", ["Basics"]),
    layer("AudioCodecs", ["Basics", "COpus", "CSpeexDSP"]),
    layer("SpeechDetection", ["Basics", "AudioCodecs", "CVoiceModel"]),
    layer("Certificates", ["Basics", "Locking", "COpenSSL", log]),
    layer("GRPCTransport", ["Basics", "Locking", "Certificates", "CGRPC", log, metrics]),
    layer("JSONText"),
    layer("BotEngine", ["Locking", "JSONText"]),
    layer("Wire", ["Basics", "CProtobufC", "CWebexSchemas"]),
    layer("WebexProtocol", ["Basics", "AudioCodecs", "BotEngine", "Wire"]),
    // The virtual agent's other wire, without its socket.
    layer("WebexSocketProtocol", ["Basics", "AudioCodecs", "BotEngine", "JSONText", "Wire", "WebexProtocol"]),
    layer("Recordings", ["Basics", "Locking", "AudioCodecs", "COpenSSL", "COgg", "COpusEnc", log, metrics]),
    layer("HTTPFetching", ["Basics", "CCurl"]),
    layer("CallTraces", ["Basics", "Locking", "HTTPFetching", tracing, log, metrics]),
    layer("TokenVerification", ["Basics", "Locking", "JSONText", "COpenSSL", "HTTPFetching", log]),
    layer("DataSources", ["Basics", "Locking", "JSONText", "HTTPFetching", "TokenVerification", log, metrics]),
    layer("YAMLReading", ["Basics", yaml]),
    layer("WebSockets", ["Basics", "Locking", .product(name: "NIOCore", package: "swift-nio"), nioWebSocket]),
    layer("BotConnections", ["Basics", "Locking", nioTLS, nioSSL] + nio),
    // Redis, over the same connections: what servers share.
    layer("RedisClient", ["Basics", "Locking", "Secrets", "BotConnections", nioSSL, log, metrics] + nio),
    // What is one for all servers of a cluster.
    layer("ReplicaSharing", ["Basics", "Locking", "TokenVerification", "DataSources", "RedisClient", log, metrics]),
    layer("Ownership", ["Basics", "Locking", "CProcessTable", "RedisClient", log, metrics]),
    layer("WebSocketClient", ["Basics", "Locking", "BotConnections", "WebSockets", nioTLS, nioSSL] + webSocket),
    layer("HTTPServing", ["Basics", "Locking", "Certificates", "WebSockets", nioTLS, nioSSL, log] + webSocket),
    layer(
      "BotEngines",
      [
        "Basics", "Locking", "Secrets", "BotEngine", "JSONText", "AudioCodecs", "CDemoVoice", "YAMLReading",
        "GRPCTransport", "Wire", "WebexProtocol", "BotConnections", "WebSockets", "WebSocketClient", nioSSL, log,
        metrics,
      ]),
    layer("Telemetry", ["Basics", "Locking", log, coreMetrics]),
    layer(
      "CallGateway",
      [
        "Basics", "Locking", "AudioCodecs", "SpeechDetection", "GRPCTransport", "Wire", "WebexProtocol",
        "WebexSocketProtocol", "TokenVerification", "Ownership", "CallTraces", "BotEngine", "Recordings", tracing, log,
        metrics,
      ]),
    layer(
      "GatewayConfiguration",
      [
        "Basics", "Secrets", "AudioCodecs", "GRPCTransport", "WebexProtocol", "Recordings", "TokenVerification",
        "DataSources", "BotEngine", "YAMLReading", "RedisClient", "BotEngines", "Telemetry", "CallTraces", yaml, log,
      ]),
    layer("AdminServer", ["Basics", "CDashboard", "Locking", "HTTPServing", "Telemetry", log, metrics]),
    layer("WebexStandIn", ["Basics", "Locking", "JSONText", "HTTPServing", "TokenVerification", log]),
    layer(
      "ReplayKit",
      [
        "CReport", "Basics", "Locking", "AudioCodecs", "BotEngine", "GRPCTransport", "WebexProtocol",
        "WebexSocketProtocol", "WebSockets", "WebSocketClient", "YAMLReading", histogram,
      ]),
    // The telephone of the admin port: its socket, and the caller behind it.
    layer(
      "BrowserPhone",
      [
        "Basics", "Locking", "AudioCodecs", "JSONText", "GRPCTransport", "WebexProtocol", "WebSockets", "HTTPServing",
        "ReplayKit",
      ]),
    layer(
      "BotTestKit",
      [
        "Locking", "AudioCodecs", "GRPCTransport", "WebexProtocol", "TokenVerification", "BotEngine", "BotEngines",
        "CallGateway", "ReplayKit", log,
      ]),
    layer(
      "Conformance",
      [
        "Basics", "Locking", "AudioCodecs", "BotEngine", "JSONText", "GRPCTransport", "WebexProtocol",
        "WebexSocketProtocol", "WebSockets", "WebSocketClient", "TokenVerification", "YAMLReading", "BotEngines",
        "ReplayKit", "BotTestKit",
      ]),
    layer(
      "PatchbayServer",
      [
        "Basics", "BotEngine", "CProcess", "Locking", "Secrets", "AudioCodecs", "SpeechDetection", "Certificates",
        "GRPCTransport", "Wire", "WebexProtocol", "Recordings", "TokenVerification", "DataSources", "BotEngines",
        "Telemetry", "CallTraces", "CallGateway", "YAMLReading", "GatewayConfiguration", "HTTPFetching", "WebSockets",
        "WebSocketClient", "RedisClient", "Ownership", "ReplicaSharing", "HTTPServing", "AdminServer", "ReplayKit",
        "BrowserPhone",
        tracing, lifecycle, signals, log, metrics,
      ]),
    // The commands without their entry point, so that a program can be built of them that adds engines of its own.
    layer(
      "PatchbayCommands",
      [
        "Basics", "BotEngine", "BotTestKit", "PatchbayServer", "Locking", "JSONText", "Secrets", "AudioCodecs",
        "SpeechDetection", "Certificates", "GRPCTransport", "WebexProtocol", "Recordings", "HTTPFetching",
        "TokenVerification",
        "DataSources", "YAMLReading", "BotEngines", "CallGateway", "GatewayConfiguration", "HTTPServing",
        "WebexStandIn", "RedisClient", "ReplicaSharing", "AdminServer", "WebSockets", "WebSocketClient", "ReplayKit",
        "Conformance", arguments, signals, log,
      ]),
    .executableTarget(name: "patchbay", dependencies: ["PatchbayCommands"], swiftSettings: strict),

    tests("Basics"),
    tests("Locking"),
    tests("Certificates", [log]),
    tests("AudioCodecs", ["COpus"]),
    tests("SpeechDetection", ["AudioCodecs", "COpus", "CVoiceModel"]),
    tests("GRPCTransport", ["Locking", "Certificates", "CGRPC", log]),
    tests("WebexProtocol", ["Wire", "AudioCodecs", "BotEngine"]),
    tests("WebexSocketProtocol", ["AudioCodecs", "BotEngine", "JSONText", "WebexProtocol"]),
    tests("Recordings", [log]),
    tests("Ownership", ["Locking", "RedisClient", log]),
    tests("CallTraces", ["Locking", "HTTPFetching", tracing, log]),
    tests("TokenVerification", ["Basics", "Locking", "JSONText", "HTTPFetching", log]),
    tests(
      "DataSources", ["Basics", "Locking", "HTTPFetching", "HTTPServing", "TokenVerification", "WebexStandIn", log]),
    tests("BotEngine", ["Locking"]),
    tests("JSONText", ["BotEngine"]),
    tests("YAMLReading"),
    tests("BotConnections", nio),
    tests("WebSockets"),
    tests("RedisClient", ["Basics", "Locking", "Secrets", log]),
    // With RedisServer.swift of the tests above, by a link.
    tests("ReplicaSharing", ["Basics", "Locking", "RedisClient", "DataSources", "TokenVerification", log]),
    tests("WebSocketClient", ["Locking", "WebSockets", nioSSL] + webSocket),
    tests(
      "BotEngines",
      [
        "BotEngine", "JSONText", "AudioCodecs", "Locking", "Secrets", "GRPCTransport", "Wire", "WebexProtocol",
        "WebSockets", "WebSocketClient", "YAMLReading", log,
      ]),
    tests("Telemetry", ["Locking", log, coreMetrics]),
    tests(
      "CallGateway",
      [
        "AudioCodecs", "JSONText", "Locking", "SpeechDetection", "GRPCTransport", "TokenVerification", "WebexProtocol",
        "BotEngine", "Ownership",
        "Recordings", "Wire", "CallTraces", tracing, log, metrics,
        .product(name: "MetricsTestKit", package: "swift-metrics"),
      ]),
    tests("GatewayConfiguration", ["Basics", "Secrets", "YAMLReading", "BotEngines", "DataSources", "WebexProtocol"]),
    tests("HTTPServing", ["Locking", "Certificates", "WebSockets", log]),
    tests("AdminServer", ["Basics", "HTTPServing", "Telemetry", log]),
    tests("WebexStandIn", ["Basics", "JSONText", "HTTPServing", "TokenVerification", log]),
    tests(
      "ReplayKit",
      ["Basics", "Locking", "AudioCodecs", "BotEngine", "GRPCTransport", "WebexProtocol", "YAMLReading", log]),
    tests("BrowserPhone", ["ReplayKit", "WebSockets", "WebexProtocol"]),
    tests("BotTestKit", ["BotEngine", "BotEngines"]),
    tests("Conformance", ["AudioCodecs", "ReplayKit", "WebexProtocol", "YAMLReading"]),
    tests(
      "PatchbayServer", ["Locking", .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")]),
    // With the example's bot, so that it stays true.
    tests(
      "PatchbayCommands",
      [
        "BotEngine", "BotTestKit", "PatchbayServer", "YAMLReading", "GatewayConfiguration", "ReplayKit", log,
      ]),
  ],
  swiftLanguageModes: [.v6]
)
