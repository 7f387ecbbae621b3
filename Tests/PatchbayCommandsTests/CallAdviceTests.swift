import BotTestKit
import GatewayConfiguration
import ReplayKit
import Testing

@testable import PatchbayCommands

@Suite("What to do about a call that failed")
struct CallAdviceTests {
  private func advice(
    _ code: Int, _ message: String, tls: Bool = false, certificate: String? = nil,
    token: CallAdvice.TokenSource = .file("t")
  ) -> String {
    let advice = CallAdvice(
      target: "h:1", usesTLS: tls, clientCertificate: certificate, token: token, agent: "a", patience: 5)
    return advice.sentence(CallError(.status(code: code, message: message), during: .sessionStart)) ?? ""
  }

  private static let connect = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "

  @Test(
    "Each cause that the C core tells has its own remedy",
    arguments: [
      ("Peer name wrong.example.com is not in peer certificate", true, nil, "--server-name"),
      (
        "Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed", true, nil,
        "--ca FILE"
      ),
      (
        "Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number", true, nil,
        "leave --tls"
      ),
      ("Socket closed", true, nil, "--client-certificate and --client-key"),
      ("Socket closed", true, "c.pem", "does not accept the client certificate of c.pem"),
      ("Socket closed", false, nil, "it probably speaks TLS"),
      ("Failed to connect to remote host: Connection refused", true, nil, "Nothing listens at h:1"),
      ("Failed to connect to remote host: Network is unreachable", false, nil, "cannot be reached over the network"),
    ] as [(String, Bool, String?, String)])
  func connecting(message: String, tls: Bool, certificate: String?, remedy: String) {
    let text = advice(14, Self.connect + message, tls: tls, certificate: certificate)
    #expect(text.contains(remedy), "\(text)")
    #expect(!text.contains("Is the server running"))
  }

  @Test("So has each status that the server gives itself")
  func statuses() {
    #expect(advice(14, "the server is shutting down").contains("is draining"))
    #expect(advice(14, "DNS resolution failed for h:1: …").contains("Nobody knows the host"))
    #expect(advice(14, "the token cannot be verified now; try again").contains("no keys of the token's issuer"))
    #expect(advice(14, "Socket closed").contains("broke"))
    #expect(advice(12, "").contains("no virtual agent for Webex"))
    #expect(advice(8, "").contains("limits"))
    let name = "the client certificate has none of the names accepted here"
    #expect(advice(16, name, tls: true, certificate: "c.pem").contains("client_names"))
    #expect(!advice(16, name, tls: true, certificate: "c.pem").contains("token"))
    #expect(advice(16, "unauthenticated").contains("patchbay token inspect t"))
    #expect(advice(16, "unauthenticated", token: .variable).contains("inspect -"))
    #expect(advice(16, "unauthenticated", token: .local("/x/demo-token-1")).contains("another process answers there"))
  }
}

@Suite("A mistake in --engine")
struct EngineArgumentTests {
  @Test(
    "is told as a place of the argument",
    arguments: [
      ("{kind: demmo}", "--engine:1:8: "), ("{kind: grpc, url: 'http://127.0.0.1:1', hear: none}", "--engine:1:41: "),
      ("{kind: demo", "--engine:1:12: "), ("{kind: grpc}", "--engine:1:1: "),
    ])
  func places(engine: String, place: String) throws {
    #expect {
      _ = try EngineArgument.configuration(of: engine, responses: "chunk")
    } throws: { error in
      let text = "\(error)"
      return text.hasPrefix(place) && !text.contains("agents[0]")
    }
    #expect(try EngineArgument.configuration(of: "{kind: demo}", responses: "wav").agents[0].responses == .wav)
  }
}
