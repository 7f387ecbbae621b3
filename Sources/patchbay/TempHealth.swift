import GRPCTransport
final class HealthStatus: Sendable { enum S { case serving, notServing }; func set(_ s: S) {} }
struct HealthService { init(_ h: HealthStatus, service: String) {}; var methods: [ServerMethod] { [] } }
