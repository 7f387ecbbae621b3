/// The handler of a call with one request and one response.
///
/// It reads from the start, so who the caller is has to be settled before one is made.
public final class UnaryHandler: CallHandler {
  /// How long a client may take to send its request and half-close.
  public static let requestTimeout = Duration.seconds(10)

  /// Waits for the whole request; `respond` is then called once, on the loop, and answers with `finish` here.
  public typealias Respond = (UnaryHandler, [UInt8]) -> Void

  /// The call that is served.
  public let call: ServerCall
  private let respond: Respond
  private var request: [UInt8]?
  private var timer: LoopTimer?
  private var task: Task<Void, Never>?
  /// Whether the call has ended and nothing is left to answer.
  public private(set) var isOver = false

  /// A handler that begins to read.
  public init(_ call: ServerCall, respond: @escaping Respond) {
    self.call = call
    self.respond = respond
    call.startReading()
    timer = call.loop.schedule(after: Self.requestTimeout) { [weak self] in
      self?.call.finish(RPCStatus(.deadlineExceeded, "no whole request within \(Self.requestTimeout)"))
    }
  }

  /// A handler that answers at once.
  public convenience init(
    _ call: ServerCall, respond: @escaping (_ request: [UInt8]) throws(RPCStatus) -> [UInt8]
  ) {
    self.init(call) { (handler: UnaryHandler, request: [UInt8]) in
      do throws(RPCStatus) { handler.finish(try respond(request)) } catch { handler.call.finish(error) }
    }
  }

  /// A handler that answers from a task, which runs on the call's loop between its waits, and is cancelled where the
  /// call ends first.
  public convenience init(
    _ call: ServerCall, respond: @escaping @Sendable (_ request: [UInt8]) async throws(RPCStatus) -> [UInt8]
  ) {
    self.init(call) { (handler: UnaryHandler, request: [UInt8]) in
      let bound = LoopBound(handler, loop: handler.call.loop)
      handler.task = Task(executorPreference: handler.call.loop) {
        do throws(RPCStatus) {
          let response = try await respond(request)
          bound.execute { $0.finish(response) }
        } catch {
          bound.execute { $0.call.finish(error) }
        }
      }
    }
  }

  /// Sends the response and ends the call with OK.
  public func finish(_ response: [UInt8]) {
    if call.send(response) {
      call.finish()
    } else {
      call.finish(RPCStatus(.internal, "the response is too long"))
    }
  }

  /// Takes the request; a second message is an error.
  public func received(_ bytes: UnsafeRawBufferPointer) {
    if request == nil {
      request = Array(bytes)
    } else {
      call.finish(RPCStatus(.invalidArgument, "this method takes one message"))
    }
  }

  /// The request is whole.
  public func halfClosed() {
    timer?.cancel()
    guard let request else { return call.finish(RPCStatus(.invalidArgument, "this method takes one message")) }
    self.request = nil
    respond(self, request)
  }

  /// Lets go of what still works on the answer.
  public func ended(_ end: RPCEnd) {
    isOver = true
    timer?.cancel()
    task?.cancel()
    task = nil
  }
}

extension ServerMethod {
  /// A method that answers one request at once, on the loop.
  public static func unary(
    path: String, respond: @escaping @Sendable (_ request: [UInt8]) throws(RPCStatus) -> [UInt8]
  ) -> ServerMethod {
    ServerMethod(path: path) { call in UnaryHandler(call, respond: respond) }
  }

  /// A method that answers one request from a task.
  public static func unary(
    path: String, respondLater: @escaping @Sendable (_ request: [UInt8]) async throws(RPCStatus) -> [UInt8]
  ) -> ServerMethod {
    ServerMethod(path: path) { call in UnaryHandler(call, respond: respondLater) }
  }
}
