import CallGateway
import Telemetry

/// The gauges on memory.
enum LoadFigures {
  static func register(in metrics: MetricsRegistry, gateway: VoiceGateway) {
    metrics.gauge("patchbay_memory_limit_bytes", "Memory that the process may have; 0 without a limit.") {
      Double(gateway.settings.limits.memory ?? MemoryLimit.current() ?? 0)
    }
    metrics.gauge("patchbay_memory_short", "1 while new calls are refused because memory is short.") {
      gateway.memory.isFull ? 1 : 0
    }
  }
}
