/// A small meter of how loud both sides of a call are, in one line.
public enum LevelMeter {
  /// The quietest level shown, in dBFS.
  static let floor = -60.0

  /// The line, for levels in dBFS; `width` characters a bar.
  public static func line(caller: Double, agent: Double, at time: Duration, width: Int = 20) -> String {
    "\(Figures.seconds(time, width: 8)) s  caller \(bar(caller, width))  agent \(bar(agent, width))"
  }

  static func bar(_ level: Double, _ width: Int) -> String {
    let eighths = Int(max(0, min(1, (level - floor) / -floor)) * Double(8 * width))
    let parts: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    var bar = String(repeating: "█", count: eighths / 8)
    if eighths % 8 > 0 { bar.append(parts[eighths % 8 - 1]) }
    return "▕\(bar.padded(to: width))▏"
  }
}
