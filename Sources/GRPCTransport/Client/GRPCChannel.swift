import CGRPC

/// A client's connection to a server; it connects when the first call needs it, and again when it was lost.
///
/// `@unchecked Sendable`: the variables below the mark are touched on the loop's thread only; the C core's channel is
/// thread-safe and constant.
public final class GRPCChannel: @unchecked Sendable {
  /// What protects the connection.
  public enum Security: Sendable {
    /// Nothing.
    case plaintext
    /// TLS 1.2 or 1.3.
    case tls(ClientTLS)
  }

  /// The bounds and settings of a channel.
  public struct Options: Sendable {
    /// The C core's settings.
    public var channelArguments: ChannelArguments
    /// Bytes: a longer message ends its call with RESOURCE_EXHAUSTED.
    public var maximumReceivedMessageLength: Int
    /// Bytes that may wait to be sent, a call.
    public var maximumSendQueue: Int

    /// A call waits, up to its deadline, for a connection that cannot be made yet, instead of ending UNAVAILABLE.
    public var waitsForConnection: Bool

    /// Why the connection could not be made or was lost, where somebody but the C core knows: it becomes the message of
    /// calls that end UNAVAILABLE. Called on the loop.
    public var causeOfLoss: (@Sendable () -> String?)?

    /// The defaults.
    public init(
      channelArguments: ChannelArguments = .client, maximumReceivedMessageLength: Int = 4_194_304,
      maximumSendQueue: Int = 262_144, waitsForConnection: Bool = false
    ) {
      self.channelArguments = channelArguments
      self.maximumReceivedMessageLength = maximumReceivedMessageLength
      self.maximumSendQueue = maximumSendQueue
      self.waitsForConnection = waitsForConnection
    }
  }

  /// The loop that every call of this channel lives on.
  public let loop: EventLoop
  /// `HOST:PORT`.
  public let target: String
  let options: Options
  private let core: OpaquePointer

  // MARK: The loop's thread only

  private var calls: [ObjectIdentifier: ClientCall] = [:]
  private var isClosed = false

  /// A channel. Nothing is connected yet, so an unreachable server shows as UNAVAILABLE at the first call.
  ///
  /// Throws a status where a TLS file is not usable.
  public init(target: String, security: Security = .plaintext, loop: EventLoop, options: Options = Options())
    throws(RPCStatus)
  {
    self.target = target
    self.loop = loop
    self.options = options
    var arguments = options.channelArguments
    arguments["grpc.max_receive_message_length"] = Int32(clamping: options.maximumReceivedMessageLength)
    let credentials: OpaquePointer?
    switch security {
    case .plaintext: credentials = pb_channel_credentials_plaintext()
    case .tls(let tls):
      if let name = tls.serverName {
        arguments.values["grpc.ssl_target_name_override"] = .text(name)
        arguments.values["grpc.default_authority"] = .text(name)
      }
      credentials = try tls.makeCredentials()
    }
    guard let credentials else { throw RPCStatus(.failedPrecondition, "the TLS certificates are not usable") }
    defer { pb_channel_credentials_release(credentials) }
    guard let core = arguments.withCore({ pb_channel_create(target, credentials, $0) }) else {
      throw RPCStatus(.failedPrecondition, "not a target: \(target)")
    }
    self.core = core
    loop.execute { [weak self] in
      guard let self else { return }
      loop.whenClosing(self) { [weak self] in self?.closeNow() }
    }
  }

  deinit {
    nonisolated(unsafe) let core = self.core  // thread-safe, and ours alone by now
    let closed = isClosed
    let identity = ObjectIdentifier(self)
    loop.execute { [loop] in
      loop.forgetClosing(identity)
      if !closed { pb_channel_destroy(core) }
    }
  }

  /// Cancels the calls and closes the connection. From any thread; later calls end UNAVAILABLE.
  public func close() { loop.execute { self.closeNow() } }

  private func closeNow() {
    if isClosed { return }
    isClosed = true
    loop.forgetClosing(ObjectIdentifier(self))
    for call in calls.values { call.cancel() }
    pb_channel_destroy(core)
  }

  /// Opens an RPC; on the loop only. It reads from the start, and its headers leave with what is sent before the
  /// current event is over.
  ///
  /// - Parameters:
  ///   - path: `/package.Service/Method`.
  ///   - metadata: the request's headers.
  ///   - deadline: from now; the call ends DEADLINE_EXCEEDED where it is not over by then.
  ///   - handler: called on the loop, never from inside this function.
  /// - Returns: the call; nil where the channel or its loop is closed, and the handler is told so next.
  @discardableResult
  public func startCall(
    path: String, metadata: Metadata = [], deadline: Duration? = nil, handler: any ClientCallHandler
  ) -> ClientCall? {
    loop.preconditionIsCurrent()
    guard !isClosed, loop.isOpen, let created = createCall(path, deadline: deadline) else {
      LoopBound(handler, loop: loop).execute { handler in
        handler.ended(RPCStatus(.unavailable, "the channel is closed"), trailingMetadata: [])
      }
      return nil
    }
    let call = ClientCall(core: created, channel: self, path: path, metadata: metadata, handler: handler)
    calls[ObjectIdentifier(call)] = call
    return call
  }

  private func createCall(_ path: String, deadline: Duration?) -> OpaquePointer? {
    var path = path
    let timeout = deadline.map { EventLoop.nanoseconds(of: $0) } ?? .max
    return path.withUTF8 { text in
      UnsafeRawBufferPointer(text).withMemoryRebound(to: CChar.self) {
        pb_call_create(core, loop.queue, $0.baseAddress, $0.count, timeout)
      }
    }
  }

  func callEnded(_ call: ClientCall) { calls[ObjectIdentifier(call)] = nil }
}

/// How a client trusts a server and shows who it is.
public struct ClientTLS: Sendable {
  /// The authorities trusted, as PEM text; nil: the system's.
  public var rootsPEM: String?
  /// The name that the server's certificate has to hold, where it is not the target's host.
  public var serverName: String?
  /// The client's certificate chain and its private key, as PEM text.
  public var certificate: (chainPEM: String, keyPEM: String)?

  /// Trust, and an identity where the server asks for one.
  public init(
    rootsPEM: String? = nil, serverName: String? = nil, certificate: (chainPEM: String, keyPEM: String)? = nil
  ) {
    self.rootsPEM = rootsPEM
    self.serverName = serverName
    self.certificate = certificate
  }

  func makeCredentials() throws(RPCStatus) -> OpaquePointer? {
    let roots: String
    if let rootsPEM { roots = rootsPEM } else { roots = try SystemRoots.read() }
    return pb_channel_credentials_tls(roots, certificate?.keyPEM, certificate?.chainPEM)
  }
}
