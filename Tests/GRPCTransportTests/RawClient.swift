import Foundation
import Glibc

/// A client that writes HTTP/2 frames by hand (RFC 9113), for what a good client never does. One stream, plaintext.
final class RawClient {
  struct ConnectError: Error { let code: Int32 }

  private let descriptor: Int32
  private var isClosed = false

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result != 0 { throw ConnectError(code: errno) }
    write(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(type: 4, flags: 0, stream: 0, []))
  }

  deinit { close() }

  func close() {
    if isClosed { return }
    isClosed = true
    Glibc.close(descriptor)
  }

  /// Opens stream 1 with these headers besides the usual ones.
  func startCall(path: String, headers: [(String, String)] = []) {
    let all =
      [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("te", "trailers"),
        ("content-type", "application/grpc"),
      ] + headers
    // Literal header fields, never indexed, without Huffman codes (RFC 7541, section 6.2.3).
    let block: [UInt8] = all.reduce(into: []) { block, header in
      block += [0x10] + Self.string(header.0) + Self.string(header.1)
    }
    write(Self.frame(type: 1, flags: 4, stream: 1, block))
  }

  /// One message in a DATA frame; `flag` 1 says it is compressed.
  func sendMessage(_ message: [UInt8], flag: UInt8 = 0, last: Bool = false, thenReset: Bool = false) {
    let length = UInt32(message.count)
    let prefix: [UInt8] = [flag] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
    let data = Self.frame(type: 0, flags: last ? 1 : 0, stream: 1, prefix + message)
    write(data + (thenReset ? Self.frame(type: 3, flags: 0, stream: 1, [0, 0, 0, 8]) : []))
  }

  func reset() { write(Self.frame(type: 3, flags: 0, stream: 1, [0, 0, 0, 8])) }

  /// What the server sends until it has sent `text` or ends the connection, for a second at most. On a thread of its
  /// own, for it blocks.
  func read(until text: String) async -> [UInt8] {
    let descriptor = self.descriptor
    var timeout = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    return await withCheckedContinuation { done in
      Thread.detachNewThread {
        var found: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: found, as: UTF8.self).contains(text) {
          let count = recv(descriptor, &part, part.count, 0)
          if count <= 0 { break }
          found += part[..<count]
        }
        done.resume(returning: found)
      }
    }
  }

  private static func string(_ text: String) -> [UInt8] {
    precondition(text.utf8.count < 127)
    return [UInt8(text.utf8.count)] + Array(text.utf8)
  }

  private static func frame(type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let length = payload.count
    return [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags, 0, 0, 0, stream]
      + payload
  }

  private func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }
}

/// A port of this machine that is taken and refuses connections.
final class UnheardPort {
  let number: Int
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = self.descriptor
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    if result != 0 { throw RawClient.ConnectError(code: errno) }
    number = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}
