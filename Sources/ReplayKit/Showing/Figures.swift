import Basics

/// Numbers as people read them.
enum Figures {
  /// Seconds to the millisecond, set flush right.
  static func seconds(_ time: Duration, width: Int = 0) -> String {
    let milliseconds = Int((time.inMilliseconds).rounded())
    let sign = milliseconds < 0 ? "-" : ""
    let fraction = String(milliseconds.magnitude % 1000)
    return "\(sign)\(milliseconds.magnitude / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
      .padded(left: width)
  }

  /// `2.3 s`
  static func short(_ time: Duration) -> String {
    let tenths = Int((time.inSeconds * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10)) s"
  }

  /// `148 ms`
  static func milliseconds(_ time: Duration) -> String { "\(Int(time.inMilliseconds.rounded())) ms" }

  /// Milliseconds to one place.
  static func milliseconds(_ time: Double) -> String {
    let tenths = Int((time * 10).rounded())
    return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
  }
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  func padded(left width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }

  /// What a server sent, fit for a terminal: without control characters, and not too long.
  var forTerminal: String { readable(most: 400) }
}

extension String {
  /// As text within HTML or SVG.
  public var escapedForMarkup: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .filter { $0.isNewline || $0.unicodeScalars.allSatisfy { $0.value >= 32 } }
  }
}
