import ArgumentParser
import AudioCodecs
import Basics
import BotEngines
import Foundation
import GRPCTransport
import Logging
import ReplayKit
import TokenVerification
import WebSocketClient
import WebSockets
import YAMLReading

/// What `call` and `replay` have in common: whom they call, as whom, and with what audio.
struct CallerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The server: HOST:PORT over gRPC, or wss://HOST[:PORT] (ws:// without TLS) over WebSocket.",
      valueName: "host:port"))
  var target = "127.0.0.1:50051"

  @Option(
    name: [.customLong("token"), .customLong("token-file")],
    help: ArgumentHelp(
      """
      A file with the token that calls carry. Default: the variable PATCHBAY_TOKEN, then the one that the embedded demo, \
      or a server with `identity: {development: true}`, has left for calls from this machine.
      """,
      valueName: "file"))
  var tokenFile: String?

  @Option(help: ArgumentHelp("The organization that calls. Default: the token's.", valueName: "uuid"))
  var org: String?

  @Option(help: ArgumentHelp("The agent: its id, its place in the list, or nothing for the default.", valueName: "id"))
  var agent = ""

  @Flag(help: "Connect with TLS, trusting the system's authorities.")
  var tls = false

  @Option(help: ArgumentHelp("Connect with TLS, trusting the authorities of a PEM file.", valueName: "file"))
  var ca: String?

  @Option(help: ArgumentHelp("The name in the server's certificate, where it is not the host.", valueName: "name"))
  var serverName: String?

  @Option(help: ArgumentHelp("A client certificate with its chain, PEM; with --client-key.", valueName: "file"))
  var clientCertificate: String?

  @Option(help: ArgumentHelp("The client certificate's private key, PEM.", valueName: "file"))
  var clientKey: String?

  @Option(
    help: ArgumentHelp(
      "Speak or press keys this long after a prompt began, instead of after its end.", valueName: "ms"))
  var bargeIn: Int?

  @Option(help: ArgumentHelp("The audio on the wire.", valueName: "encoding"))
  var encoding = WireEncoding.mulaw

  @Option(help: ArgumentHelp("Samples a second on the wire: 8000 or 16000.", valueName: "hertz"))
  var sampleRate = 8000

  @Option(
    help: ArgumentHelp(
      "Bytes of audio in a message over WebSocket, 320 to 32000. Default: 100 ms of it.", valueName: "bytes"))
  var chunk: Int?

  @Option(help: ArgumentHelp("The free text of the configuration in Control Hub.", valueName: "text"))
  var vendorConfig: String?

  @Option(help: ArgumentHelp("How long the server may take for an answer.", valueName: "seconds"))
  var patience = 30.0

  func validate() throws {
    try require([8000, 16000].contains(sampleRate), "--sample-rate is 8000 or 16000, not \(sampleRate).")
    try require(bargeIn, in: 0...600_000, "--barge-in is a time of 0 to 600000 ms.")
    try require(patience > 0 && patience <= 3600, "--patience is a time of up to 3600 s.")
    try require(chunk, in: SocketRoute.chunkBytes, "--chunk is 320 to 32000 bytes.")
    if isSocket {
      guard let address = socketAddress else {
        throw ValidationError("--target \(target) is no URL of a WebSocket; write wss://voice.example.com, for one.")
      }
      try require(
        [SocketRoute.path, "/"].contains(address.target),
        "--target \(target) is called at \(SocketRoute.path); leave its path out.")
      try require(
        (address.isSecure || !asksForTLS) && !tls,
        "--target says whether there is TLS: wss:// is with it, ws:// without.")
    } else {
      try require(chunk == nil, "--chunk goes with a --target of wss:// or ws://.")
      try require(
        Self.namesPort(target),
        "--target is HOST:PORT, such as localhost:50051, or wss://HOST for WebSocket, not '\(target)'.")
    }
    try require((clientCertificate == nil) == (clientKey == nil), "--client-certificate and --client-key go together.")
  }

  /// The token, and where it comes from.
  func token() throws -> (text: String, source: CallAdvice.TokenSource) {
    if let tokenFile {
      guard let token = try DemoToken.read(tokenFile, allowsPipes: true) else {
        throw CommandError("There is no token file \(tokenFile). Make one: patchbay token mint > \(tokenFile)")
      }
      return (token, .file(tokenFile))
    }
    if let token = ProcessInfo.processInfo.environment["PATCHBAY_TOKEN"], !token.isEmpty {
      return (token.trimmingCharacters(in: .whitespacesAndNewlines), .variable)
    }
    return try localToken()
  }

  /// The token that a server of this user and machine has left: never for anybody else's server.
  private func localToken() throws -> (text: String, source: CallAdvice.TokenSource) {
    let other = "name a file with --token FILE, or set PATCHBAY_TOKEN"
    guard Self.isLoopback(host), let port = socketAddress?.port ?? Self.port(of: target)
    else { throw CommandError("There is no token to call \(target) with: \(other).") }
    let wire = isSocket ? DemoToken.Wire.socket : .grpc
    if let token = try DemoToken.read(port: port, wire) { return (token, .local(DemoToken.path(port: port, wire))) }
    let scheme = socketAddress.map { $0.isSecure ? "wss://" : "ws://" } ?? ""
    let others = DemoToken.ports(wire).map { "\(scheme)127.0.0.1:\($0)" }
    let running =
      others.isEmpty
      ? "None runs: `patchbay serve` starts one."
      : "Running: \(others.joined(separator: ", ")); say --target \(others[0])."
    throw CommandError(
      """
      There is no token to call \(target) with. The embedded demo, and a server with `identity: {development: true}`, \
      leaves one in \(DemoToken.folder) while it runs. \(running) For any other server, \(other).
      """)
  }

  private var asksForTLS: Bool { tls || ca != nil || serverName != nil || clientCertificate != nil }

  private var usesTLS: Bool { socketAddress?.isSecure ?? (tls || ca != nil || clientCertificate != nil) }

  /// Whether the target is called over WebSocket.
  var isSocket: Bool { ["ws://", "wss://"].contains { target.lowercased().hasPrefix($0) } }

  /// The target, with the path of conversations.
  private var socketAddress: WebSocketAddress? {
    guard isSocket, let address = WebSocketAddress(target), address.target == "/" else {
      return WebSocketAddress(target)
    }
    return WebSocketAddress((target.hasSuffix("/") ? String(target.dropLast()) : target) + SocketRoute.path)
  }

  /// The target in the form that tells loopback.
  private var host: String { socketAddress.map { NetworkAddress.written($0.host) + ":" } ?? target }

  /// Whether a target is HOST:PORT, or an address of a form that gRPC has a word for (`unix:/path`, `dns:///host:port`).
  private static func namesPort(_ target: String) -> Bool {
    if ["unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:", "vsock:"].contains(where: { target.hasPrefix($0) }) {
      return true
    }
    guard let port = port(of: target), (1...65_535).contains(port) else { return false }
    return !target.contains("/")
  }

  private static func port(of target: String) -> Int? {
    target.lastIndex(of: ":").flatMap { Int(target[$0...].dropFirst()) }
  }

  func route(token: String) throws -> CallRoute {
    if !usesTLS, !Self.isLoopback(host) {
      StandardError.write(
        "warning: the token goes to \(target) in the clear; \(isSocket ? "wss://" : "--tls") protects it")
    }
    if let socketAddress { return try socketRoute(socketAddress, token: token) }
    var security = GRPCChannel.Security.plaintext
    if usesTLS {
      var settings = ClientTLS(rootsPEM: try ca.map(Self.text), serverName: serverName)
      if let clientCertificate, let clientKey {
        settings.certificate = (try Self.text(of: clientCertificate), try Self.text(of: clientKey))
      }
      security = .tls(settings)
    }
    return CallRoute(target: target, security: security, token: token)
  }

  private func socketRoute(_ address: WebSocketAddress, token: String) throws -> CallRoute {
    let tls = WebSocketTLS(
      rootsPEM: try ca.map(Self.text), certificatePEM: try clientCertificate.map(Self.text),
      keyPEM: try clientKey.map(Self.text), serverName: serverName)
    do throws(WebSocketError) {
      return CallRoute(address, client: try WebSocketClient(tls: tls), token: token, chunk: chunk)
    } catch { throw CommandError(error.message) }
  }

  /// Settings for one conversation.
  func settings(token: String) -> CallerSettings {
    var organization = org ?? ""
    if organization.isEmpty {
      let claim = TokenInspection(token).lines.first { $0.name == TokenField.organization.rawValue }
      organization = claim?.value ?? ""
      if organization.isEmpty { StandardError.write("warning: the token names no organization; --org does") }
    }
    var settings = CallerSettings(conversation: RandomID.make(), organization: organization)
    settings.agent = agent
    settings.vendorConfiguration = vendorConfig
    settings.format = AudioFormat(encoding: encoding.encoding, sampleRate: sampleRate)
    settings.bargeIn = bargeIn.map { .milliseconds($0) }
    settings.patience = .milliseconds(Int(patience * 1000))
    settings.halfCloseDelay = .zero ... .milliseconds(50)
    if isSocket { settings.chunkBytes = SocketRoute.chunkBytes }
    return settings
  }

  /// Reads what the caller says.
  func clips(_ files: [String]) throws -> [SpokenClip] {
    try files.map { file in
      let bytes = try BoundedFile.read(file, maximum: WAVFile.maximumBytes, allowsPipes: true)
      do {
        let wav = try WAVFile(parsing: bytes)
        guard !wav.audio.isEmpty else { throw CommandError("\(file) holds no audio.") }
        return try SpokenClip(
          name: (file as NSString).lastPathComponent, wav: wav,
          format: AudioFormat(encoding: encoding.encoding, sampleRate: sampleRate))
      } catch let error as AudioError {
        throw CommandError("\(file): \(error)")
      }
    }
  }

  /// Reads what calls do: WAV files are spoken by all calls, folders are recorded calls.
  func scripts(_ paths: [String]) throws -> [CallScript] {
    let folders = paths.filter(CallFolder.isFolder)
    var scripts: [CallScript] = []
    let files = paths.filter { !CallFolder.isFolder($0) }
    let format = AudioFormat(encoding: encoding.encoding, sampleRate: sampleRate)
    if !files.isEmpty { scripts = CallScript.speaking(try clips(files), format: format) }
    var speech = Duration.zero
    for folder in folders {
      for call in try ConfigurationFile.report({ () throws(ConfigurationError) in try CallFolder.calls(at: folder) }) {
        let script = try recorded(call)
        speech += script.clips.reduce(.zero) { $0 + $1.length }
        guard speech <= CallFolder.maximumSpeech, scripts.count < CallFolder.maximumCalls else {
          throw CommandError("\(call): over \(CallFolder.maximumCalls) calls, or four hours of speech; give fewer.")
        }
        scripts.append(script)
      }
    }
    return scripts
  }

  /// Reads a recorded call.
  func recorded(_ folder: String) throws -> CallScript {
    let format = AudioFormat(encoding: encoding.encoding, sampleRate: sampleRate)
    let standIn = AudioEncoding.mulaw.decode(try CallerVoice.sentence())
    let script = try ConfigurationFile.report { () throws(ConfigurationError) in
      try CallFolder.read(folder, format: format, standIn: standIn)
    }
    if script.standIns > 0 {
      StandardError.write(
        "note: \(folder): \(script.standIns) keys or stretches of speech were not kept: "
          + "1 is pressed, and another sentence said.")
    }
    return script
  }

  /// Loops whose logs go to standard error, errors only.
  static func loops(_ count: Int = 1) throws -> EventLoopGroup {
    var logger = Logger(label: "transport", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .critical
    return try EventLoopGroup(count: count, logger: logger)
  }

  /// What to do about failures.
  func advice(_ token: CallAdvice.TokenSource) -> CallAdvice {
    CallAdvice(
      target: target, usesTLS: usesTLS, clientCertificate: clientCertificate, token: token, agent: agent,
      patience: patience)
  }

  private static func isLoopback(_ target: String) -> Bool {
    ["127.", "localhost:", "[::1]:", "unix:", "ipv4:127.", "ipv6:[::1]"].contains { target.hasPrefix($0) }
  }

  private static func text(of file: String) throws -> String {
    try BoundedFile.text(file, maximum: 1 << 20, allowsPipes: true)
  }
}

/// An encoding as an argument.
enum WireEncoding: String, ExpressibleByArgument, CaseIterable {
  case mulaw, alaw, linear16

  var encoding: AudioEncoding {
    switch self {
    case .mulaw: .mulaw
    case .alaw: .alaw
    case .linear16: .linear16
    }
  }
}

/// A command that could not do what it was asked: exit status 1.
typealias CommandError = TextError<Patchbay>

/// Runs a handler when the terminal's interrupt key is pressed, instead of ending the process.
final class Interruption {
  private let source: any DispatchSourceSignal

  init(_ handler: @escaping @Sendable () -> Void) {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT)
    source.setEventHandler(handler: handler)
    source.resume()
  }

  func end() {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }
}

extension Encodable {
  /// The value as one line of JSON.
  var jsonLine: String { get throws { String(decoding: try jsonLine(), as: UTF8.self) } }
}
