import CDashboard

/// The library that draws charts, dygraphs: for pages that are not served from here.
package enum ChartLibrary {
  /// Its script.
  package static var script: [UInt8] { DashboardFiles.all["dygraph.min.js"]?.bytes ?? [] }
}

/// The files of the dashboard: one page without anything from elsewhere, which reads `/status` every other second.
enum DashboardFiles {
  /// A file as it is served.
  struct File: Sendable {
    var contentType: String
    var bytes: [UInt8]
  }

  /// Only the page's own style and scripts run, and it can only talk to this server.
  static let contentSecurityPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; media-src 'self'; img-src data:; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// The page, which is served at `/`; the others are at `/dashboard/<name>`.
  static let page = "index.html"

  /// By name.
  static let all: [String: File] = {
    var files: [String: File] = [:]
    var index = 0
    while let file = CDashboardFileAt(index)?.pointee {
      files[String(cString: file.name)] = File(
        contentType: String(cString: file.contentType),
        bytes: Array(UnsafeBufferPointer(start: file.bytes, count: file.count)))
      index += 1
    }
    return files
  }()

  /// The file that a path names.
  static func file(at path: String) -> File? {
    if path == "/" { return all[page] }
    let folder = "/dashboard/"
    return path.hasPrefix(folder) ? all[String(path.dropFirst(folder.count))] : nil
  }
}
