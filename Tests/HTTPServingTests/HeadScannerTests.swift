import Testing

@testable import HTTPServing

@Suite("A request's head, before it is parsed")
struct HeadScannerTests {
  /// The fault in bytes that arrive so many at a time; `nil` where there is none.
  private func fault(in text: String, piece: Int = .max, bytes: Int = 1_000, fields: Int = 10) -> HeadScanner.HeadError?
  {
    var scanner = HeadScanner(maximumBytes: bytes, maximumFields: fields)
    var rest = Array(text.utf8)[...]
    do throws(HeadScanner.HeadError) {
      while !rest.isEmpty {
        let next = Array(rest.prefix(piece))
        rest = rest.dropFirst(next.count)
        try scanner.scan(next.span)
      }
    } catch { return error }
    return nil
  }

  private func status(_ fault: HeadScanner.HeadError?) -> Int? {
    if case .refused(let status, _) = fault { return status }
    return nil
  }

  @Test(
    "is bounded, told apart from what is no HTTP, and the same in whatever pieces it comes", arguments: [1, 3, .max])
  func pieces(piece: Int) {
    func fault(_ text: String) -> HeadScanner.HeadError? { self.fault(in: text, piece: piece) }
    #expect(fault("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
    #expect(fault("\r\n\r\nGET / HTTP/1.0\nHost: a\n\n") == nil)
    #expect(fault("\u{16}\u{3}\u{1}\r\n") == .garbage)
    #expect(fault("GET /a b HTTP/1.1\r\n") == .garbage)
    #expect(fault("GET  HTTP/1.1\r\n") == .garbage)
    #expect(status(fault("GET / HTTP/2.0\r\n")) == 505)
    #expect(status(fault("GET / HTTP/11\r\n")) == 400)
    #expect(status(fault("GET / FTP/1.1\r\n")) == 400)
    #expect(status(fault("GET /" + String(repeating: "y", count: 1_000))) == 414)
    #expect(status(fault("GET / HTTP/1.1\r\nX: " + String(repeating: "y", count: 1_000))) == 431)
    #expect(status(fault("GET / HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 11))) == 431)
    #expect(status(fault("GET / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n")) == 413)
    #expect(fault("GET / HTTP/1.1\r\nContent-Length: 9999999999999999999x\r\n") == nil, "that is for the parser to say")
  }

  @Test("what follows it is not looked at")
  func body() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\n\r\n"
    #expect(fault(in: head + String(repeating: "\u{0}", count: 5_000)) == nil)
    #expect(fault(in: String(repeating: "\r\n", count: 600)) != nil, "empty lines count too")
  }
}

@Suite("The time of day as HTTP writes it")
struct HTTPDateTests {
  @Test func knownAnswer() {
    #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
  }
}
