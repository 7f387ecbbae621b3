import Basics
import Glibc

/// What Linux says of this process (proc(5)).
public enum ProcessFigures {
  /// Memory in RAM, in bytes; 0 where it cannot be read.
  public static var residentBytes: Int {
    let fields = ((try? BoundedFile.text("/proc/self/statm", maximum: 4_096)) ?? "").split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Time on processors so far, user and system, in seconds.
  public static var cpuSeconds: Double { Double(ProcessorClock.nanoseconds) / 1e9 }

  /// Open file descriptors; 0 where they cannot be counted.
  public static var openDescriptors: Int {
    // Without the folder itself.
    max(0, (BoundedFile.names(in: "/proc/self/fd") ?? []).count - 1)
  }

  /// Open file descriptors that the process may have; 0 where that cannot be read.
  static var maximumDescriptors: Double {
    var limit = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Double(limit.rlim_cur) : 0
  }

  /// Exposes the process's figures, under the names Prometheus clients agree on, and what the log left out.
  public static func register(in registry: MetricsRegistry, sink: LogSink?) {
    let start = Double(WallClock.nanoseconds) / 1e9
    registry.gauge("process_resident_memory_bytes", "Resident memory size in bytes.") { Double(residentBytes) }
    registry.counter("process_cpu_seconds_total", "User and system CPU time in seconds.") { cpuSeconds }
    registry.gauge("process_open_fds", "Number of open file descriptors.") { Double(openDescriptors) }
    registry.gauge("process_max_fds", "Maximum number of open file descriptors.") { maximumDescriptors }
    registry.gauge("process_start_time_seconds", "Start time since 1970 in seconds.") { start }
    guard let sink else { return }
    registry.counter("patchbay_log_lines_dropped", "Log lines dropped: they came faster than they could be written.") {
      Double(sink.writer.dropped)
    }
    registry.counter("patchbay_log_lines_suppressed", "Log lines left out: the same message came too often.") {
      Double(sink.suppressed)
    }
  }
}
