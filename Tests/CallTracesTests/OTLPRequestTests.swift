import Foundation
import Testing
import Tracing

@testable import CallTraces

@Suite("A request to a receiver of traces")
struct OTLPRequestTests {
  private static let context = TraceContext(trace: (0x1, 0xABCD), span: 0xF)

  private func span(_ change: (inout FinishedSpan) -> Void = { _ in }) -> FinishedSpan {
    var span = FinishedSpan(
      context: Self.context, parent: 0x10, name: "eou_wait", kind: .internal, start: 1_700_000_000_000_000_001,
      end: 1_700_000_000_700_000_001)
    change(&span)
    return span
  }

  /// The only span of a request, as any JSON reader sees it.
  private func written(_ span: FinishedSpan) throws -> [String: Any] {
    let bytes = try OTLPRequest([span], resource: [("service.name", "patchbay")]).json
    let root = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    let resources = try #require(root["resourceSpans"] as? [[String: Any]])
    let scopes = try #require(resources.first?["scopeSpans"] as? [[String: Any]])
    let spans = try #require(scopes.first?["spans"] as? [[String: Any]])
    return try #require(spans.first)
  }

  @Test("has ids in hexadecimal of full length, times as text, and kinds as numbers")
  func shape() throws {
    let written = try written(span())
    #expect(written["traceId"] as? String == "0000000000000001000000000000abcd")
    #expect(written["spanId"] as? String == "000000000000000f")
    #expect(written["parentSpanId"] as? String == "0000000000000010")
    #expect(written["startTimeUnixNano"] as? String == "1700000000000000001")
    #expect(written["endTimeUnixNano"] as? String == "1700000000700000001")
    #expect(written["kind"] as? Int == 1)
    #expect(written["status"] == nil && written["events"] == nil && written["links"] == nil)
  }

  @Test("is byte for byte what it says")
  func bytes() throws {
    let bytes = try OTLPRequest([span { $0.attributes = ["b": true, "a": 7] }], resource: [("service.name", "x")]).json
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(#"{"key":"a","value":{"intValue":"7"}},{"key":"b","value":{"boolValue":true}}"#))
    #expect(text.contains(#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"x"}}]}"#))
  }

  @Test("tells of failures, events and links")
  func more() throws {
    let written = try written(
      span {
        $0.status = SpanStatus(code: .error, message: "gone")
        $0.events = [SpanEvent(name: "exception", at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 5))]
        $0.links = [TraceContext(trace: (2, 3), span: 4)]
        $0.droppedEvents = 3
      })
    #expect((written["status"] as? [String: Any])?["code"] as? Int == 2)
    let event = (written["events"] as? [[String: Any]])?.first
    #expect(event?["timeUnixNano"] as? String == "5" && event?["name"] as? String == "exception")
    #expect((written["links"] as? [[String: Any]])?.first?["spanId"] as? String == "0000000000000004")
    #expect(written["droppedEventsCount"] as? Int == 3)
  }

  @Test("keeps to its bounds, whatever an engine writes")
  func bounds() throws {
    let written = try written(
      span { span in
        for number in 0..<100 { span.attributes["key-\(number)"] = String(repeating: "é", count: 5_000) }
      })
    let attributes = try #require(written["attributes"] as? [[String: Any]])
    #expect(attributes.count == FinishedSpan.maximumAttributes)
    #expect(written["droppedAttributesCount"] as? Int == 36)
    for attribute in attributes {
      let text = (attribute["value"] as? [String: Any])?["stringValue"] as? String
      #expect(text?.utf8.count == FinishedSpan.maximumText)
    }
  }

  @Test("writes every kind of value, numbers that JSON does not have too")
  func values() throws {
    let bytes = try OTLPRequest(
      [
        span {
          $0.attributes = [
            "list": .stringArray(["a", "b"]), "nan": .double(.nan), "numbers": .int64Array([1, 2]),
            "real": .double(0.5),
          ]
        }
      ], resource: []
    ).json
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(#"{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}"#))
    #expect(text.contains(#"{"arrayValue":{"values":[{"intValue":"1"},{"intValue":"2"}]}}"#))
    #expect(text.contains(#"{"doubleValue":"NaN"}"#) && text.contains(#"{"doubleValue":0.5}"#))
  }
}
