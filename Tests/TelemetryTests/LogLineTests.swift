import Foundation
import Logging
import Testing

@testable import Telemetry

@Suite("Log lines")
struct LogLineTests {
  private func line(
    _ message: String, _ metadata: Logger.Metadata = [:], error: String? = nil, format: LogFormat = .json
  ) -> String {
    let record = LogRecord(
      time: 1_700_000_000_123_456_789, level: .info, label: "gateway", message: message, error: error,
      metadata: metadata)
    return String(decoding: record.line(format), as: UTF8.self)
  }

  private func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test("a JSON line holds time, level, label, message, error and metadata")
  func json() throws {
    let text = line(
      "call started", ["turn": "3", "tags": ["a", "b"], "inner": ["k": .stringConvertible(7)]], error: "late")
    #expect(
      text == """
        {"time":"2023-11-14T22:13:20.123Z","level":"info","label":"gateway","message":"call started","error":"late",\
        "metadata":{"inner":{"k":"7"},"tags":["a","b"],"turn":"3"}}

        """)
    #expect(try object(text)["message"] as? String == "call started")
  }

  @Test("a text line is for people")
  func text() {
    #expect(
      line("call started", ["turn": "3", "agent": "a b"], error: "late", format: .text)
        == "2023-11-14T22:13:20.123Z info gateway: call started error=\"late\" agent=\"a b\" turn=\"3\"\n")
  }

  @Test(
    "S8: control characters, line separators and direction marks are escaped", arguments: LogFormat.allCases,
    ["\r\n", "\u{1B}[31m", "\u{0}", "\u{7F}", "\u{9B}", "\u{2028}", "\u{202E}", "\u{2066}", "\t", "\u{200F}"])
  func controls(format: LogFormat, hostile: String) throws {
    let text = line("a\(hostile)b", ["k\(hostile)": "v\(hostile)w"], format: format)
    #expect(text.hasSuffix("\n"))
    let body = text.dropLast()
    for scalar in hostile.unicodeScalars where !(0x20..<0x7F).contains(scalar.value) {
      #expect(!body.unicodeScalars.contains(scalar))
    }
    if format == .json {
      let object = try object(text)
      #expect(object["message"] as? String == "a\(hostile)b")
      #expect((object["metadata"] as? [String: String])?["k\(hostile)"] == "v\(hostile)w")
    }
  }

  @Test("quotes, backslashes and other scripts survive in JSON")
  func survives() throws {
    let message = #"a "quoted" \ back – grün 日本 🙂"#
    #expect(try object(line(message))["message"] as? String == message)
  }

  @Test("S8: a line is at most 8 KB and still JSON, whatever is in it", arguments: LogFormat.allCases)
  func length(format: LogFormat) throws {
    let long = String(repeating: "\u{1B}\"é", count: 20_000)
    let many = Logger.Metadata(uniqueKeysWithValues: (0..<5_000).map { ("key\($0)", "value \($0)") })
    let list = Logger.MetadataValue.array((0..<20_000).map { _ in .array([]) })
    var deep = Logger.MetadataValue.string("x")
    for _ in 0..<500 { deep = .dictionary(["d": .array([deep])]) }
    var random = SystemRandomNumberGenerator()
    var cases: [(String, Logger.Metadata, String?)] = [
      (long, [:], nil), ("m", many, nil), ("m", ["l": list], nil), ("m", ["d": deep], nil), (long, many, long),
      ("m", [long: .string(long)], long),
    ]
    // Every place at which a line can be cut.
    for length in 3_700...4_100 {
      cases.append((String(repeating: "x", count: length), ["k": .string(String(repeating: "y", count: 3_990))], "e"))
    }
    for _ in 0..<300 {
      let metadata = Logger.Metadata(
        uniqueKeysWithValues: (0..<Int.random(in: 0...40, using: &random)).map { index in
          (
            "k\(index)",
            .array([.string(String(repeating: "\\\n", count: Int.random(in: 0...300, using: &random))), ["a": "b"]])
          )
        })
      cases.append((String(repeating: "é", count: Int.random(in: 0...3_000, using: &random)), metadata, nil))
    }
    for (message, metadata, error) in cases {
      let text = line(message, metadata, error: error, format: format)
      #expect(text.utf8.count <= 8_192)
      #expect(text.hasSuffix("\n"))
      #expect(!text.dropLast().contains("\n"))
      if format == .json { _ = try object(text) }
    }
    #expect(line("m", many, format: format).contains("cut"))
  }

  @Test("S3: card numbers are masked wherever they are logged", arguments: LogFormat.allCases)
  func cards(format: LogFormat) {
    let card = "4111111111111111"
    let text = line("paid \(card)", ["k": .string(card), "list": [.string("x\(card)")]], error: card, format: format)
    #expect(!text.contains(card))
    #expect(text.contains("paid ****************"))
  }
}
