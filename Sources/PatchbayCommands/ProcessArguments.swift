import Basics

/// What the process was called with.
///
/// Asked of the kernel: Swift's runtime looks for the arguments beside the environment, and finds none where a preloaded
/// library, such as libfaketime, has changed that before the program begins.
enum ProcessArguments {
  /// The arguments after the program's name; the runtime's where there is no `/proc`.
  static func current() -> [String] {
    parse((try? BoundedFile.read("/proc/self/cmdline", maximum: 8 << 20)) ?? [])
      ?? Array(CommandLine.arguments.dropFirst())
  }

  /// The arguments in the text of `/proc/self/cmdline`, each with a NUL after it; `nil` where not even a name is there.
  static func parse(_ bytes: [UInt8]) -> [String]? {
    guard !bytes.isEmpty else { return nil }
    var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if bytes.last == 0 { parts.removeLast() }
    return parts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
  }
}
