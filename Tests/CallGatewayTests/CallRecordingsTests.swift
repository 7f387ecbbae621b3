import BotEngine
import Logging
import Recordings
import Testing
import WebexProtocol

@testable import CallGateway

@Suite("CallRecordings says who is recorded")
struct CallRecordingsTests {
  private static let organization = TestGateway.organization
  private let folder: TemporaryFolder
  private let recordings: CallRecordings

  init() throws {
    folder = try TemporaryFolder()
    recordings = CallRecordings(
      service: try RecordingService(
        settings: .init(directory: folder.path), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
      policy: .init())
  }

  @Test("one no is final, else one yes is enough, and who says nothing leaves it to the others")
  func policy() {
    for standard in [false, true] {
      for tenant in [nil, false, true] {
        for agent in [nil, false, true] {
          var policy = CallRecordings.Policy(standard: standard)
          policy.organizations[Self.organization] = tenant
          let said = [tenant, agent].compactMap(\.self)
          let expected = !said.contains(false) && (standard || said.contains(true))
          #expect(policy.records(organization: Self.organization, agent: agent) == expected)
        }
      }
    }
    // Of one tenant's yes another knows nothing.
    let policy = CallRecordings.Policy(organizations: [Self.organization: true])
    #expect(!policy.records(organization: "other", agent: nil))
  }

  @Test("a policy that is changed holds for the calls that begin then")
  func change() {
    let key = ConversationKey(organization: Self.organization, conversation: "c-1")
    let agent = Agent(id: "a", name: "A", engine: PuppetBot())
    #expect(recordings.recorder(for: key, agent: agent) == nil)
    recordings.policy.organizations[Self.organization] = true
    let recorder = recordings.recorder(for: key, agent: agent)
    #expect(recorder != nil)
    recorder?.finish(now: .zero)
    recordings.policy.organizations[Self.organization] = false
    #expect(recordings.recorder(for: key, agent: agent) == nil)
    #expect(recordings.service.drain(within: .seconds(30)))
  }

  @Test("a call of the gateway is recorded from its first word to its end, as its tenant's policy says")
  func call() throws {
    for isRecorded in [true, false] {
      recordings.policy.organizations[Self.organization] = isRecorded
      let test = try TestGateway(conversation: .init(mode: .chunk), recordings: recordings)
      let rpc = try test.call()
      rpc.send(message: VoiceRequest.start)
      test.bot(.audio(BotAudio(.mulaw([UInt8](repeating: 0x55, count: 16_000)))), .endTurn(nil))
      test.advance(by: .seconds(3))
      let bye = try test.call()
      bye.send(message: VoiceRequest.hangup)
      #expect(recordings.service.drain(within: .seconds(30)))
      let entries = RecordingArchive(directory: folder.path, keys: nil).entries(of: Self.organization)
      // The first of the two calls.
      #expect(entries.count == 1)
      #expect(entries.first?.state == .complete && entries.first?.milliseconds == 3000)
      #expect(entries.first?.details?.conversation == "c-1" && entries.first?.details?.agent == "agent")
    }
  }
}
