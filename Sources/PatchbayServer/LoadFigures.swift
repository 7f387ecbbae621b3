import CallGateway
import GRPCTransport
import Telemetry

/// What the server is, and the gauges on memory.
enum LoadFigures {
  static func register(in metrics: MetricsRegistry, gateway: VoiceGateway) {
    let build = [("version", Version.text), ("grpc_core", CoreGuard.coreVersion)]
    metrics.gauge("patchbay_build_info", "1, with the versions of the server and of gRPC's C core.", labels: build) {
      1
    }
    metrics.gauge("patchbay_memory_limit_bytes", "Memory that the process may have; 0 without a limit.") {
      Double(gateway.settings.limits.memory ?? MemoryLimit.current() ?? 0)
    }
    metrics.gauge("patchbay_sockets_open", "WebSockets of callers and of administrators that are open.") {
      Double(gateway.openSockets)
    }
    metrics.gauge("patchbay_memory_short", "1 while new calls are refused because memory is short.") {
      gateway.memory.isFull ? 1 : 0
    }
  }
}
