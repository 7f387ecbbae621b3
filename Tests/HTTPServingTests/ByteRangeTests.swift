import Testing

@testable import HTTPServing

@Suite("What a Range asks for (RFC 9110, section 14)")
struct ByteRangeTests {
  @Test(
    "one range is understood, with its end where the file ends; what is none counts for nothing",
    arguments: [
      (nil, .whole), ("bytes=0-", .part(from: 0, count: 1_000)), ("bytes=0-0", .part(from: 0, count: 1)),
      ("Bytes=990-2000", .part(from: 990, count: 10)), ("bytes=-5", .part(from: 995, count: 5)),
      ("bytes=-5000", .part(from: 0, count: 1_000)), ("bytes=1000-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
      ("bytes=99999999999999999999-", .unsatisfiable), ("bytes=0-99999999999999999999", .part(from: 0, count: 1_000)),
      ("bytes=5-4", .whole), ("bytes=-", .whole), ("bytes=", .whole), ("bytes=a-b", .whole), ("items=0-1", .whole),
      ("bytes=0-1,3-4", .whole), ("bytes=+1-2", .whole), ("bytes", .whole),
    ] as [(String?, ByteRange)])
  func ranges(field: String?, wanted: ByteRange) { #expect(ByteRange(field, of: 1_000) == wanted) }

  @Test("an empty file has no byte to ask for")
  func empty() {
    #expect(ByteRange("bytes=0-", of: 0) == .unsatisfiable && ByteRange("bytes=-1", of: 0) == .unsatisfiable)
    #expect(ByteRange(nil, of: 0) == .whole)
  }
}
