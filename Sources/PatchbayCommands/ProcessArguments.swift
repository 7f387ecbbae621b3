import Glibc

/// What the process was called with.
///
/// Asked of the kernel: Swift's runtime looks for the arguments beside the environment, and finds none where a preloaded
/// library, such as libfaketime, has changed that before the program begins.
enum ProcessArguments {
  /// The arguments after the program's name; the runtime's where there is no `/proc`.
  static func current() -> [String] { parse(commandLine()) ?? Array(CommandLine.arguments.dropFirst()) }

  /// The arguments in the text of `/proc/self/cmdline`, each with a NUL after it; `nil` where not even a name is there.
  static func parse(_ bytes: [UInt8]) -> [String]? {
    guard !bytes.isEmpty else { return nil }
    var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if bytes.last == 0 { parts.removeLast() }
    return parts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
  }

  /// All of it: the kernel bounds what a process can be called with.
  private static func commandLine() -> [UInt8] {
    let descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }
}
