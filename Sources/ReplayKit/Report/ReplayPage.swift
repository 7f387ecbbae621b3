import Basics
import CReport
import Foundation

/// A load's report as one page of HTML that needs nothing beside itself: its style, its script, its data and the library
/// of charts are in it.
public enum ReplayPage {
  private struct Content: Encodable {
    var report: ReplayReport
    var other: ReplayReport?
    var samples: [CallSample]
  }

  /// The page.
  ///
  /// - Parameters:
  ///   - report: with its details.
  ///   - other: another run to be shown beside this one.
  ///   - samples: calls to listen to.
  ///   - charts: the script of the library of charts, dygraphs.
  public static func html(
    _ report: ReplayReport, beside other: ReplayReport?, samples: [CallSample], charts: [UInt8]
  ) throws -> String {
    let content = try Content(report: report, other: other, samples: samples).jsonLine()
    // Nothing in the data can end the element that it is in.
    let data = String(decoding: content, as: UTF8.self).replacing("<", with: "\\u003c")
    let parts = [
      "style": text(CReportStyle()), "script": text(CReportScript()), "charts": String(decoding: charts, as: UTF8.self),
      "data": data,
    ]
    // Places are looked for in the page alone, not in what was put into it.
    var page = ""
    var rest = text(CReportPage())[...]
    while let place = rest.range(of: "{{"), let end = rest[place.upperBound...].range(of: "}}") {
      page += rest[..<place.lowerBound] + (parts[String(rest[place.upperBound..<end.lowerBound])] ?? "")
      rest = rest[end.upperBound...]
    }
    return page + rest
  }

  private static func text(_ file: CReportFile) -> String {
    String(decoding: UnsafeBufferPointer(start: file.bytes, count: file.count), as: UTF8.self)
  }
}
