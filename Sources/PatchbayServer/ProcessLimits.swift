import CProcess
import Glibc

/// What the process asks of the system at its start.
package enum ProcessLimits {
  /// Raises the limit of open files to what is allowed: a listener that runs out of them is lost for good.
  static func raiseOpenFiles() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }

  /// No core dumps, and no reading of the process's memory by others: callers' words and tokens are in it,
  /// from the reading of the configuration on.
  package static func forbidDumps() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    _ = cprocess_forbid_dumps()
  }
}
