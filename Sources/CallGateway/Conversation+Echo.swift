import AudioCodecs
import SpeechDetection
import WebexProtocol

// The echo of the prompts: what the caller is sent may come back on their line.

extension Conversation {
  /// What a response plays is heard after what was sent before it.
  func expectEcho(of response: VoiceResponse) {
    guard agent.subtractsEcho else { return }
    for prompt in response.prompts {
      guard let audio = prompt.audio, !audio.isEmpty else { continue }
      let header = agent.conversation.mode == .wav ? Self.headerBytes : 0
      follower()?.play(audio.dropFirst(header), at: loop.now)
    }
  }

  /// Once a call: its prompts come back.
  func report(_ echo: EchoFollower, now: Duration) {
    hasReportedEcho = true
    let delay = echo.delay ?? 0
    log.info("the prompt's echo is on the line", metadata: ["delay_ms": "\(delay)"])
    recorder?.event("echo_found", now: now - began, numbers: ["delay_ms": delay])
  }

  private static let headerBytes = WAVFile.header(format: .telephone, audioBytes: 0).count

  private func follower() -> EchoFollower? {
    if echo == nil {
      echo = try? EchoFollower()
      speech?.echo = echo
    }
    return echo
  }
}
