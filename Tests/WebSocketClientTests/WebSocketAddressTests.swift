import Testing

@testable import WebSocketClient

@Suite("The address of a WebSocket server")
struct WebSocketAddressTests {
  @Test("A URL is read into host, port and target")
  func parts() {
    let plain = WebSocketAddress("ws://127.0.0.1:8765/bot?x=1")
    #expect(plain?.host == "127.0.0.1" && plain?.port == 8765 && plain?.target == "/bot?x=1")
    #expect(plain?.isSecure == false)
    let secure = WebSocketAddress("WSS://bot.example.com")
    #expect(secure?.host == "bot.example.com" && secure?.port == 443 && secure?.target == "/")
    #expect(secure?.isSecure == true)
    #expect(WebSocketAddress("wss://bot.example.com?key=1")?.target == "/?key=1")
    #expect(WebSocketAddress("ws://[::1]:80/")?.host == "::1")
  }

  @Test(
    "What is no WebSocket URL is refused",
    arguments: [
      "", "http://host/", "ws://", "ws:///path", "ws://user@host/", "ws://host:0/", "ws://host:65536/", "ws://host:x/",
      "ws://[::1/", "ws://host/#part", "ws://host/a b", "ws://höst/", "ws://" + String(repeating: "a", count: 2_048),
    ])
  func refused(url: String) { #expect(WebSocketAddress(url) == nil) }
}
