import CGRPC
import Logging
import Locking

/// The C core's log lines on their way to our logger.
///
/// A peer can cause such lines at will (broken handshakes, bad frames), so each place in the core that logs gets a few
/// lines a second and says afterwards how many were held back.
struct CoreLog {
  static let burst = 5
  static let window: Int64 = 1_000_000_000
  static let mostPlaces = 128
  static let longestLine = 1024

  private struct Place {
    var windowStart: Int64
    var count = 0
    var held = 0
  }

  private var logger: Logger?
  private var places: [String: Place] = [:]

  private static let shared = Locked(CoreLog())

  static func install(_ logger: Logger) {
    shared.withLock { $0.logger = logger }
    let minimum: Int32 = logger.logLevel <= .trace ? 0 : logger.logLevel <= .debug ? 1 : 2
    pb_log_install(
      { severity, file, line, message in
        guard let message else { return }
        let place = file.map { CoreLog.lastComponent(String(cString: $0)) } ?? "?"
        CoreLog.write(severity: severity, place: "\(place):\(line)", message: String(cString: message))
      }, minimum)
  }

  private static func write(severity: Int32, place: String, message: String) {
    let entry: (logger: Logger, held: Int)? = shared.withLock { log in
      guard let logger = log.logger, let held = log.admit(place, now: pb_now()) else { return nil }
      return (logger, held)
    }
    guard let (logger, held) = entry else { return }
    // What the core calls an error is nearly always a peer's fault; ours come back as results of calls.
    var level: Logger.Level = severity >= 2 ? .warning : severity == 1 ? .debug : .trace
    if message.hasPrefix("assertion failed") { level = .critical }  // the process ends with this line
    var metadata: Logger.Metadata = ["source": "\(place)"]
    if held > 0 { metadata["held_back"] = "\(held)" }
    logger.log(level: level, "grpc: \(escape(message))", metadata: metadata)
  }

  /// How many lines of this place were held back before this one; nil where this one is held back too.
  mutating func admit(_ place: String, now: Int64) -> Int? {
    let key = places[place] != nil || places.count < Self.mostPlaces ? place : "other"
    var entry = places[key] ?? Place(windowStart: now)
    defer { places[key] = entry }
    if now - entry.windowStart >= Self.window {
      entry.windowStart = now
      entry.count = 0
    }
    entry.count += 1
    if entry.count > Self.burst {
      entry.held += 1
      return nil
    }
    defer { entry.held = 0 }
    return entry.held
  }

  /// At most `longestLine` characters, with everything that could steer a terminal or break a line written out.
  static func escape(_ message: String) -> String {
    var escaped = ""
    for scalar in message.unicodeScalars.prefix(longestLine) {
      switch scalar.value {
      case 0x20...0x7e: escaped.unicodeScalars.append(scalar)
      case 0xa0...: escaped.unicodeScalars.append(scalar)
      default: escaped += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return escaped
  }

  private static func lastComponent(_ path: String) -> String {
    String(path.split(separator: "/").last ?? "?")
  }
}
