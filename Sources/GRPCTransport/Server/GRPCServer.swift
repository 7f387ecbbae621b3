import Basics
import CGRPC
public import Certificates
public import Logging
import Locking

/// A gRPC server on the C core: any number of listeners, its calls spread over the loops of a group.
///
/// `@unchecked Sendable`: the state is in a mutex; the C server's functions are thread-safe.
public final class GRPCServer: @unchecked Sendable {
  /// What a server listens on and what bounds it has.
  public struct Configuration: Sendable {
    /// One address.
    public struct Listener: Sendable {
      /// `HOST:PORT`, with an IPv6 address in brackets; port 0 takes a free one. Or `unix:/PATH`, a socket.
      public var address: String
      /// What protects the connections.
      public var security: Security

      /// A listener.
      public init(address: String, security: Security) {
        self.address = address
        self.security = security
      }
    }

    /// What protects a listener's connections.
    public enum Security: Sendable {
      /// Nothing.
      case plaintext
      /// TLS 1.2 or 1.3.
      case tls(TLSFiles)
    }

    /// The addresses.
    public var listeners: [Listener]
    /// The C core's settings.
    public var channelArguments: ChannelArguments
    /// Bytes: a longer message ends its call with RESOURCE_EXHAUSTED.
    public var maximumReceivedMessageLength: Int
    /// Bytes: `ServerCall.send` takes no longer message.
    public var maximumSentMessageLength: Int
    /// Bytes that may wait to be sent, a call.
    public var maximumSendQueue: Int
    /// How long a call's status waits for the client to half-close, after the last message has left; zero sends it
    /// at once.
    public var statusHold: Duration

    /// A configuration with the defaults for a server that faces the Internet.
    public init(
      listeners: [Listener], channelArguments: ChannelArguments = .server,
      maximumReceivedMessageLength: Int = 131_072, maximumSentMessageLength: Int = 4_194_304,
      maximumSendQueue: Int = 262_144, statusHold: Duration = .seconds(1)
    ) {
      self.listeners = listeners
      self.channelArguments = channelArguments
      self.maximumReceivedMessageLength = maximumReceivedMessageLength
      self.maximumSentMessageLength = maximumSentMessageLength
      self.maximumSendQueue = maximumSendQueue
      self.statusHold = statusHold
    }
  }

  private enum State {
    case configured
    case running([Acceptor])
    case stopping
    case stopped
  }

  private let configuration: Configuration
  private let group: EventLoopGroup
  private let methods: [String: ServerMethod]
  private let logger: Logger
  private let state = Locked(State.configured)
  private let sources = Locked<[CertificateSource]>([])
  private let hold: HoldSetting

  /// How long a call's status waits for the client to half-close; may change while calls are up.
  public var statusHold: Duration {
    get { hold.value }
    set { hold.value = newValue }
  }

  /// A server that does nothing yet.
  ///
  /// - Parameters:
  ///   - configuration: what to listen on, and the bounds.
  ///   - loops: where the calls live; must outlive the server.
  ///   - methods: what is served; a call of any other path is answered UNIMPLEMENTED at once.
  ///   - logger: for what happens to the server itself.
  public init(configuration: Configuration, loops: EventLoopGroup, methods: [ServerMethod], logger: Logger) {
    self.configuration = configuration
    hold = HoldSetting(configuration.statusHold)
    group = loops
    self.methods = Dictionary(methods.map { ($0.path, $0) }, uniquingKeysWith: { _, last in last })
    self.logger = logger
  }

  /// Binds the addresses and takes calls. Returns the bound ports in the order of the listeners.
  ///
  /// Once a server: a stopped one does not start again.
  public func start() throws(ListenError) -> [Int] {
    var limits = configuration.channelArguments
    // The core measures a message only when it has read it whole, so its limit would save nothing. Where the core is
    // one that we know, the guard measures the prefix; else ours measures when the core would, with the status we want.
    pb_guard_allow_messages(
      true,
      Int64(methods.values.compactMap(\.maximumMessageLength).reduce(configuration.maximumReceivedMessageLength, max)))
    limits["grpc.max_receive_message_length"] = -1
    // A call's own queue takes no longer message. Without either limit the core has no filter for lengths in each call.
    limits["grpc.max_send_message_length"] = -1
    guard let core = limits.withCore({ pb_server_create($0) }) else {
      throw ListenError(address: "", reason: .refused("the C core made no server"))
    }
    for loop in group.loops { pb_server_register_queue(core, loop.queue) }
    var ports: [Int] = []
    var certificates: [CertificateSource] = []
    do {
      for listener in configuration.listeners { ports.append(try listen(listener, on: core, &certificates)) }
    } catch {
      pb_server_start(core)
      discard(core, certificates)
      throw error
    }
    pb_server_start(core)
    let callLimits = CallLimits(
      maximumQueuedBytes: configuration.maximumSendQueue,
      maximumMessageLength: configuration.maximumReceivedMessageLength,
      maximumSentMessageLength: configuration.maximumSentMessageLength)
    let acceptors = group.loops.map {
      Acceptor(loop: $0, limits: callLimits, hold: hold, server: core, methods: methods, certificates: certificates)
    }
    state.withLock { $0 = .running(acceptors) }
    sources.withLock { [certificates] in $0 = certificates }
    for acceptor in acceptors { acceptor.loop.execute { acceptor.begin() } }
    return ports
  }

  private func listen(
    _ listener: Configuration.Listener, on core: OpaquePointer, _ certificates: inout [CertificateSource]
  ) throws(ListenError) -> Int {
    let credentials: OpaquePointer?
    switch listener.security {
    case .plaintext: credentials = pb_server_credentials_plaintext()
    case .tls(let files):
      let source = CertificateSource(files, listener: listener.address, logger: logger)
      certificates.append(source)
      credentials = try source.makeCredentials()
    }
    guard let credentials else {
      throw ListenError(address: listener.address, reason: .refused("the C core made no credentials"))
    }
    defer { pb_server_credentials_release(credentials) }
    if !ListenError.isWellFormed(listener.address) {
      throw ListenError(address: listener.address, reason: .invalidAddress)
    }
    let port = pb_server_listen(core, listener.address, credentials)
    if port > 0 { return Int(port) }
    throw ListenError.explain(listener)
  }

  /// Ends a C server that never had a call.
  private func discard(_ core: OpaquePointer, _ certificates: [CertificateSource]) {
    let acceptor = Acceptor(
      loop: group.loops[0],
      limits: CallLimits(maximumQueuedBytes: 0, maximumMessageLength: 0, maximumSentMessageLength: 0), hold: hold,
      server: core, methods: [:], certificates: certificates)
    acceptor.loop.execute { acceptor.stopAndDestroy() }
  }

  /// The certificates of the TLS listeners. Their files are looked at, at most once a second; new ones that cannot be used
  /// are told of in the log, once. Reads files: not for a thread that must not wait.
  public func lookAtCertificates() -> [ListenerCertificate] { lookAtCertificates(after: .zero) }

  /// The same, as if it were so much later.
  @discardableResult func lookAtCertificates(after time: Duration) -> [ListenerCertificate] {
    let now = MonotonicClock.now() + time
    return sources.withLock { $0 }.compactMap { source in
      source.look(now: now)
      return source.status
    }
  }

  /// How many calls are open.
  public var liveCalls: Int {
    state.withLock { state in
      guard case .running(let acceptors) = state else { return 0 }
      return acceptors.reduce(0) { $0 + $1.liveCalls }
    }
  }

  /// Takes no more calls, lets the open ones finish, and cancels those that are left after `grace`. Returns when every
  /// call has ended and every connection is closed. Once; later calls return at once.
  ///
  /// Statuses that wait for a half-close wait on, so `grace` has to be longer than `statusHold`.
  public func shutdown(grace: Duration) async {
    let running: [Acceptor] = state.withLock { state in
      guard case .running(let acceptors) = state else { return [] }
      state = .stopping
      return acceptors
    }
    guard let first = running.first else { return }
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      first.loop.execute {
        first.stop(grace: grace) { done.resume() }
      }
    }
    first.destroyServer()
    state.withLock { $0 = .stopped }
  }
}
