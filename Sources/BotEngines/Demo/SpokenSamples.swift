/// Sentences of the demo's voice that a caller without a microphone can say.
public enum SpokenSamples {
  /// A sentence.
  public struct Sample: Sendable {
    /// Its name.
    public let id: String
    /// Its words.
    public let words: String
    /// Mu-law at 8,000 Hz.
    public let audio: [UInt8]
  }

  /// Those that there are; none where the voice in the binary is broken.
  public static let all: [Sample] = {
    guard let voice = try? DemoVoice() else { return [] }
    let prompts: [DemoPrompt] = [.stillThere, .eventReceived]
    return prompts.map { Sample(id: $0.rawValue, words: voice.words($0), audio: voice.audio($0)) }
  }()
}
