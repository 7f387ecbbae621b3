/// Server reflection, `v1` and `v1alpha`: tools such as grpcurl learn from it what a server speaks.
public struct ReflectionService: Sendable {
  private let files: FileDescriptors
  private let services: [String]
  static let names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

  /// A service that tells of `methods`, and of itself.
  ///
  /// - Parameter sets: serialized `google.protobuf.FileDescriptorSet` messages with the files that declare them.
  public init(sets: [[UInt8]], methods: [ServerMethod]) {
    files = FileDescriptors(sets: sets)
    let served = methods.compactMap { $0.path.split(separator: "/").first.map(String.init) }
    services = Set(served + Self.names).sorted()
  }

  /// The methods to serve.
  public var methods: [ServerMethod] {
    Self.names.map { name in
      ServerMethod(path: "/\(name)/ServerReflectionInfo", maximumMessageLength: ReflectionRequest.longest) { call in
        ReflectionHandler(call, service: self)
      }
    }
  }

  func answer(_ request: ReflectionRequest) -> ReflectionAnswer {
    switch request {
    case .services: return .services(services)
    case .file(let name):
      return files.file(name).map(ReflectionAnswer.files) ?? .error(.notFound, "there is no file of this name")
    case .symbol(let name):
      return files.file(declaring: name).map(ReflectionAnswer.files)
        ?? .error(.notFound, "no file declares this symbol")
    case .extensions: return .error(.notFound, "the schemas have no extensions")
    case .unknown: return .error(.unimplemented, "this kind of request is not known")
    }
  }
}

/// One reflection stream: an answer to each request, the next request when the answer has left.
final class ReflectionHandler: CallHandler {
  /// How long a client may say nothing.
  static let longestPause = Duration.seconds(60)

  private let call: ServerCall
  private let service: ReflectionService
  private var timer: LoopTimer?

  init(_ call: ServerCall, service: ReflectionService) {
    self.call = call
    self.service = service
    call.startReading()
    watch()
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    watch()
    let message = Array(bytes)
    do throws(RPCStatus) {
      let answer = service.answer(try ReflectionRequest(message))
      call.pauseReading()
      if !call.send(answer.response(to: message)) {
        call.finish(RPCStatus(.resourceExhausted, "the answer is too long to be sent"))
      }
    } catch {
      call.finish(error)
    }
  }

  func drained() { call.startReading() }
  func halfClosed() { call.finish() }
  func ended(_ end: RPCEnd) { timer?.cancel() }

  private func watch() {
    timer?.cancel()
    timer = call.loop.schedule(after: Self.longestPause) { [weak self] in
      self?.call.finish(RPCStatus(.deadlineExceeded, "no request came for \(Self.longestPause)"))
    }
  }
}
