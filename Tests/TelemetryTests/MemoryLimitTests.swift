import Foundation
import Testing

@testable import Telemetry

@Suite("The memory that a process may have")
struct MemoryLimitTests {
  private func limit(_ groups: String, _ files: [String: String]) -> Int? {
    MemoryLimit.current(groups: groups) { files[$0] }
  }

  @Test("version 2: the least limit of the group and those above it")
  func version2() {
    let files = [
      "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": "104857600\n",
      "/sys/fs/cgroup/memory.max": "209715200\n",
    ]
    #expect(limit("0::/a/b\n", files) == 104_857_600)
  }

  @Test("the groups are read to the last one, however many there are")
  func manyGroups() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("groups-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    let groups = (1...400).map { "\($0):name=controller\($0):/a\n" }.joined() + "0::/last\n"
    try Data(groups.utf8).write(to: file)
    let read = try #require(MemoryLimit.text(file.path))
    #expect(groups.utf8.count > 8_192 && limit(read, ["/sys/fs/cgroup/last/memory.max": "52428800\n"]) == 52_428_800)
  }

  @Test("a container sees its own group at the root")
  func container() {
    #expect(limit("0::/\n", ["/sys/fs/cgroup/memory.max": "52428800\n"]) == 52_428_800)
    #expect(limit("0::/../../other\n", ["/sys/fs/cgroup/memory.max": "52428800\n"]) == 52_428_800)
  }

  @Test("version 1, with version 2 beside it for other things; the largest number is no limit")
  func version1() {
    let groups = "9:name=systemd:/\n4:cpu,memory:/x\n0::/\n"
    let root = ["/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"]
    #expect(limit(groups, root) == nil)
    let own = root.merging(["/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1000000\n"]) { $1 }
    #expect(limit(groups, own) == 1_000_000)
  }

  @Test("where nothing can be read there is no limit", arguments: ["", "x", "0::", "1:memory", "0::/a:b\n"])
  func nothing(groups: String) {
    #expect(limit(groups, [:]) == nil)
    #expect(
      limit(groups, ["/sys/fs/cgroup/memory.max": "", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "-"]) == nil)
  }
}
