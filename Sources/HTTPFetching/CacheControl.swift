/// How long an answer may be kept (RFC 9111 section 5.2.2).
enum CacheControl {
  /// The seconds that a `Cache-Control` field allows, 0 for `no-store` and `no-cache`; nil if it does not say.
  static func maximumAge(_ field: String) -> Int? {
    var age: Int?
    for directive in field.lowercased().split(separator: ",") {
      let parts = directive.split(separator: "=", maxSplits: 1).map { part in
        String(part.filter { !" \t\"".contains($0) })
      }
      switch parts.first {
      case "no-store", "no-cache": return 0
      // One that is too long to read is one that is long.
      case "max-age"
      where parts.count == 2 && !parts[1].isEmpty && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }:
        age = min(age ?? .max, Int(parts[1]).map { min($0, 31_536_000) } ?? 31_536_000)
      default: break
      }
    }
    return age
  }
}
