/// Check and Watch of a health service: of gRPC's own, and of every other with the same two messages, such as Cisco's.
public struct HealthService: Sendable {
  /// The full name, `grpc.health.v1.Health`.
  public var name: String
  /// What Watch says of a service that is not known: SERVICE_UNKNOWN where the schema has it, UNKNOWN elsewhere.
  public var unknownServiceStatus: Int32
  /// What is reported.
  public var status: HealthStatus

  /// gRPC's own health service.
  public static func grpc(_ status: HealthStatus) -> HealthService {
    HealthService(name: "grpc.health.v1.Health", unknownServiceStatus: 3, status: status)
  }

  /// A service of another name with the same messages.
  public init(name: String, unknownServiceStatus: Int32 = 0, status: HealthStatus) {
    self.name = name
    self.unknownServiceStatus = unknownServiceStatus
    self.status = status
  }

  /// The methods to serve.
  public var methods: [ServerMethod] { [check, watch] }

  private var check: ServerMethod {
    ServerMethod(path: "/\(name)/Check") { [status] call in
      HealthRequest(call, status: status) { request, service in
        guard let serving = status.status(of: service) else {
          return request.call.finish(RPCStatus(.notFound, "no such service"))
        }
        _ = request.call.send(HealthMessages.response(serving.rawValue))
        request.call.finish()
      }
    }
  }

  private var watch: ServerMethod {
    ServerMethod(path: "/\(name)/Watch") { [status, unknownServiceStatus] call in
      HealthRequest(call, status: status) { request, service in
        HealthWatch(
          request.call, service: service, status: status, unknownServiceStatus: unknownServiceStatus
        ).begin()
      }
    }
  }
}

/// One Watch stream: the status now, and every change as soon as the client takes it.
final class HealthWatch: CallHandler {
  let call: ServerCall
  private let service: String
  private let status: HealthStatus
  private let unknownServiceStatus: Int32
  private var number: Int?
  private var lastSent: Int32?

  init(_ call: ServerCall, service: String, status: HealthStatus, unknownServiceStatus: Int32) {
    self.call = call
    self.service = service
    self.status = status
    self.unknownServiceStatus = unknownServiceStatus
  }

  func begin() {
    number = status.add(LoopBound(self, loop: call.loop), connection: call.peer)
    if number == nil { return call.finish(RPCStatus(.resourceExhausted, "no room for another watch")) }
    call.setHandler(self)
    update()
  }

  /// Sends the status where it is another than the client knows. A client that does not read gets only the newest.
  func update() {
    let current = status.status(of: service)?.rawValue ?? unknownServiceStatus
    if current == lastSent || call.queuedBytes > 0 { return }
    if call.send(HealthMessages.response(current)) { lastSent = current }
  }

  /// Another connection has fewer watches than this one's.
  func giveWay() { call.finish(RPCStatus(.resourceExhausted, "its connection has more watches than others")) }

  func drained() { update() }
  func received(_ bytes: UnsafeRawBufferPointer) {}
  func halfClosed() {}
  func ended(_ end: RPCEnd) {
    if let number { status.forget(number) }
  }
}
