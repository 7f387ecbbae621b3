import CProcess
import CallGateway
import Logging
import Telemetry

/// Tells the gateway once a second what memory the process has and may have.
struct MemoryWatch {
  private let gateway: VoiceGateway
  private let log: Logger
  private var wasFull = false
  private var readings = 0

  init(gateway: VoiceGateway, log: Logger) {
    self.gateway = gateway
    self.log = log
  }

  /// Once a second.
  mutating func read() {
    let limit = gateway.settings.limits.memory ?? MemoryLimit.current()
    gateway.memory.update(resident: ProcessFigures.residentBytes, limit: limit)
    readings += 1
    if gateway.memory.isFull, !wasFull || readings % Self.readingsPerTrim == 0 {
      // What calls that are over have left in the heap is free, but still resident.
      cprocess_trim_memory()
      gateway.memory.update(resident: ProcessFigures.residentBytes, limit: limit)
    }
    guard gateway.memory.isFull != wasFull else { return }
    wasFull.toggle()
    if let reason = gateway.memory.reason {
      log.warning("new calls are refused: \(reason)", metadata: ["live": "\(gateway.liveConversations)"])
    } else {
      log.notice("there is memory again: new calls are taken on")
    }
  }

  /// Trimming takes the heap's locks: not every second.
  private static let readingsPerTrim = 5
}
