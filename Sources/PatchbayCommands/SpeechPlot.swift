import ReplayKit
import SpeechDetection

/// A drawing of what was heard and decided of a piece of audio, as SVG: the waveform with the caller's turns, the
/// probability of speech, the mel bands and the voicing, one above the other on one time axis.
struct SpeechPlot {
  private struct Frame {
    var least: Int16
    var most: Int16
    var probability: Float
    var features: VoiceFeatures
  }

  private var frames: [Frame] = []
  private var decisions: [SpeechDecision] = []
  private let detector: RecurrentDetector
  private let title: String

  private static let width = 1200
  private static let margin = 60
  private static let shades = 10
  /// What is drawn at most, in frames: an hour.
  private static let longest = 180_000

  /// A drawing of nothing yet.
  init(title: String, detector: RecurrentDetector) {
    self.title = title
    self.detector = detector
  }

  /// Adds what comes next of the audio, cut into frames; a rest shorter than a frame, and what is
  /// beyond the first hour, is left out.
  mutating func add(_ samples: [Int16]) {
    samples.withUnsafeBufferPointer { samples in
      var start = 0
      while start + detector.frameLength <= samples.count, frames.count < Self.longest {
        let frame = UnsafeBufferPointer(rebasing: samples[start..<start + detector.frameLength])
        _ = detector.hear(frame)
        frames.append(
          Frame(
            least: frame.min() ?? 0, most: frame.max() ?? 0, probability: detector.probability,
            features: detector.features))
        start += detector.frameLength
      }
    }
  }

  /// Adds a decision.
  mutating func add(_ decision: SpeechDecision) { decisions.append(decision) }

  /// The drawing. Long audio is drawn with several frames to a column.
  var svg: String {
    let plot = Self.width - 2 * Self.margin
    let duration = max(20, frames.count * 20)
    let columns = max(1, min(frames.count, plot))
    func place(_ milliseconds: Int) -> String {
      Self.number(Double(Self.margin) + Double(milliseconds * plot) / Double(duration))
    }
    func range(of column: Int) -> Range<Int> {
      column * frames.count / columns..<max(column * frames.count / columns + 1, (column + 1) * frames.count / columns)
    }
    func x(column: Int) -> String { Self.number(Double(Self.margin) + Double(column * plot) / Double(columns)) }
    let pitch = detector.delayMilliseconds / 20

    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.width)" height="640" viewBox="0 0 \(Self.width) 640" \
      font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Self.margin)" y="20" font-size="14">\(title.escapedForMarkup)</text>

      """
    for (label, y) in [("waveform", 120), ("probability", 265), ("mel bands", 410), ("voicing", 555)] {
      text +=
        "<text x=\"\(Self.margin / 2)\" y=\"\(y)\" text-anchor=\"middle\" "
        + "transform=\"rotate(-90 \(Self.margin / 2) \(y))\">\(label)</text>\n"
    }
    // The turns, behind everything; their decisions as dashed lines.
    var started: Int?
    for decision in decisions {
      switch decision {
      case .started(let at, let decidedAt):
        started = at
        text += Self.line(place(decidedAt), "#2a7", "start decided at \(decidedAt) ms")
      case .paused, .resumed: break
      case .ended(let at, let decidedAt, let reason):
        let begin = started ?? 0
        let width = Double(max(0, at - begin) * plot) / Double(duration)
        text += """
          <rect x="\(place(begin))" y="30" width="\(Self.number(width))" height="570" fill="#2a7" opacity="0.14">\
          <title>\(begin) to \(at) ms</title></rect>

          """
        text += Self.line(place(decidedAt), "#c33", "end decided at \(decidedAt) ms (\(reason.rawValue))")
      }
    }
    var (wave, probability, voicing) = ("", "", "")
    var cells = [String](repeating: "", count: Self.shades)
    let cellWidth = Self.number(Double(plot) / Double(columns) + 0.05)
    for column in 0..<columns where !frames.isEmpty {
      let range = range(of: column)
      let here = frames[range]
      let least = here.map(\.least).min() ?? 0
      let most = here.map(\.most).max() ?? 0
      let left = x(column: column)
      wave +=
        "M\(left) \(Self.number(120 - Double(most) / 32768 * 80))V\(Self.number(120.5 - Double(least) / 32768 * 80))"
      // What was judged of this frame came later.
      let judged = frames[min(frames.count - 1, range.lowerBound + pitch)].probability
      let join = column == 0 ? "M" : "L"
      probability += "\(join)\(left) \(Self.number(325 - Double(judged) * 110))"
      let features = frames[range.lowerBound].features
      voicing += "\(join)\(left) \(Self.number(600 - Double(min(1, max(0, features.voicing))) * 90))"
      for (band, value) in features.bands.enumerated() {
        // From silence to the loudest that mu-law has.
        let shade = min(Self.shades - 1, max(0, Int((value - 5) / 16 * Float(Self.shades))))
        guard shade > 0 else { continue }
        cells[shade] += "M\(left) \(Self.number(480 - Double(band) * 6.5))h\(cellWidth)v-6.5h-\(cellWidth)z"
      }
    }
    for (shade, path) in cells.enumerated() where !path.isEmpty {
      let dark = 255 - shade * 255 / (Self.shades - 1)
      text += "<path d=\"\(path)\" fill=\"rgb(\(dark),\(dark),\(min(255, dark + 40)))\"/>\n"
    }
    text += "<path d=\"\(wave)\" stroke=\"#357\" fill=\"none\" stroke-width=\"1\"/>\n"
    for level in [RecurrentDetector.Threshold.begin, RecurrentDetector.Threshold.possible] {
      let y = Self.number(325 - Double(level) * 110)
      text +=
        "<path d=\"M\(Self.margin) \(y)H\(Self.width - Self.margin)\" stroke=\"#bbb\" stroke-dasharray=\"4 4\"/>\n"
    }
    text += "<path d=\"\(probability)\" stroke=\"#a40\" fill=\"none\"/>\n"
    text += "<path d=\"\(voicing)\" stroke=\"#639\" fill=\"none\"/>\n"
    text += Self.axis(duration: duration, x: place)
    return text + "</svg>\n"
  }

  private static func axis(duration: Int, x: (Int) -> String) -> String {
    let step =
      [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000].first { duration / $0 <= 15 } ?? 3_600_000
    var text = "<path d=\"M\(margin) 605H\(width - margin)\" stroke=\"black\"/>\n"
    for time in stride(from: 0, through: duration, by: step) {
      let label = step < 1000 ? "\(time) ms" : "\(time / 1000) s"
      text += "<text x=\"\(x(time))\" y=\"622\" text-anchor=\"middle\">\(label)</text>\n"
    }
    return text
  }

  private static func line(_ x: String, _ color: String, _ title: String) -> String {
    "<path d=\"M\(x) 30V600\" stroke=\"\(color)\" stroke-dasharray=\"3 3\"><title>\(title)</title></path>\n"
  }

  /// With one digit after the point.
  private static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
  }
}
