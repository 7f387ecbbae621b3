import Basics

/// How much memory the system lets a process have (cgroups(7)).
public enum MemoryLimit {
  /// The least limit of the process's control groups, version 2 or 1, in bytes; `nil` where there is none.
  public static func current() -> Int? {
    current(groups: text("/proc/self/cgroup") ?? "", read: text)
  }

  /// The text of a file of the kernel's; `nil` where it cannot be read.
  static func text(_ path: String) -> String? { try? BoundedFile.text(path, maximum: 1 << 20) }

  /// The same for the text of `/proc/self/cgroup`.
  ///
  /// - Parameter read: gives the text of a file; `nil` where there is none.
  static func current(groups: String, read: (String) -> String?) -> Int? {
    var limits: [Int] = []
    for line in groups.split(separator: "\n") {
      // hierarchy:controllers:path
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if parts[0] == "0", parts[1].isEmpty {
        limits += self.limits(below: "/sys/fs/cgroup", path: parts[2], file: "memory.max", read: read)
      } else if parts[1].split(separator: ",").contains("memory") {
        limits += self.limits(below: "/sys/fs/cgroup/memory", path: parts[2], file: "memory.limit_in_bytes", read: read)
      }
    }
    return limits.min()
  }

  /// The limits of a group and of those above it. In a container the path is often that of the host, and leads nowhere:
  /// what is mounted is the container's own group then.
  private static func limits(
    below mount: String, path: Substring, file: String, read: (String) -> String?
  ) -> [Int] {
    var names = path.split(separator: "/").filter { $0 != ".." }
    var limits: [Int] = []
    while true {
      let folder = ([mount[...]] + names).joined(separator: "/")
      if let text = read("\(folder)/\(file)"), let limit = parse(text) { limits.append(limit) }
      if names.popLast() == nil { return limits }
    }
  }

  /// `max` is no limit, and neither is version 1's largest number of pages.
  private static func parse(_ text: String) -> Int? {
    guard let limit = Int(text.prefix { $0.isNumber }), (1..<(1 << 60)).contains(limit) else { return nil }
    return limit
  }
}
