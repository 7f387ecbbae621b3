import CallGateway
import Telemetry

/// What the metrics on load mean.
enum LoadFigures {
  static func describe(in metrics: MetricsRegistry, gateway: VoiceGateway) {
    metrics.describe(
      "patchbay_caller_lag_seconds",
      "How far the audio of live calls is behind real time since their RPC began; each call once a second.")
    metrics.describe(
      "patchbay_caller_lag_median_seconds", "The lag that half of the live calls do not exceed, in the last 250 ms.")
    metrics.describe(
      "patchbay_caller_lag_p95_seconds", "The lag that 95 of 100 live calls do not exceed, in the last 250 ms.")
    metrics.describe(
      "patchbay_loop_sleepless_ratio",
      "The part of the last 250 ms in which the loop never slept; 1 where it has more to do than it can.")
    metrics.describe("patchbay_overloaded", "1 while new calls are refused because live ones are heard late.")
    metrics.describe("patchbay_calls_shed_total", "New calls refused because the server was short of CPU or memory.")
    metrics.gauge("patchbay_memory_limit_bytes", "Memory that the process may have; 0 without a limit.") {
      Double(gateway.settings.limits.memory ?? MemoryLimit.current() ?? 0)
    }
    metrics.gauge("patchbay_memory_short", "1 while new calls are refused because memory is short.") {
      gateway.memory.isFull ? 1 : 0
    }
  }
}
