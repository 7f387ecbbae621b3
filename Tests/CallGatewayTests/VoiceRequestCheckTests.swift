import GRPCTransport
import Testing

@testable import CallGateway
@testable import WebexProtocol

@Suite("VoiceRequestView.check: an RPC speaks of its token's organization, and of one conversation")
struct VoiceRequestCheckTests {
  /// The code of the status with which a message is refused.
  private func refusal(organization: String = "", conversation: String = "c-1", on own: String?) -> RPCStatus.Code? {
    let message = VoiceRequest.of(.none, conversation: conversation, organization: organization)
    return message.withUnsafeBytes { bytes in
      do {
        let view: VoiceRequestView = try VoiceRequestDecoder().decode(bytes)
        try view.check(organization: TestGateway.organization, conversation: own)
        return nil
      } catch {
        return (error as? RPCStatus)?.code
      }
    }
  }

  @Test("none or the token's organization will do; no other, not even one that differs by a letter's case")
  func organization() {
    #expect(refusal(on: nil) == nil)
    #expect(refusal(organization: TestGateway.organization, on: nil) == nil)
    #expect(refusal(organization: "other", on: nil) == .permissionDenied)
    #expect(refusal(organization: TestGateway.organization.uppercased(), on: nil) == .permissionDenied)
    #expect(refusal(organization: TestGateway.organization + "0", on: nil) == .permissionDenied)
  }

  @Test("the conversation is every message's, once there is one")
  func conversation() {
    #expect(refusal(on: "c-1") == nil && refusal(conversation: "", on: nil) == nil)
    #expect(refusal(conversation: "c-2", on: "c-1") == .invalidArgument)
    #expect(refusal(conversation: "", on: "c-1") == .invalidArgument)
  }

  @Test("a foreign organization is told before a changed conversation")
  func both() { #expect(refusal(organization: "other", conversation: "c-2", on: "c-1") == .permissionDenied) }
}
