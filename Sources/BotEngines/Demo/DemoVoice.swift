import AudioCodecs
import CDemoVoice

/// The demo's spoken prompts, from the binary: the words and 8,000 Hz mu-law.
struct DemoVoice: Sendable {
  private let prompts: [DemoPrompt: (words: String, audio: [UInt8])]

  /// Reads every prompt; throws where one is missing or is no mu-law WAV file at 8,000 Hz.
  init() throws(EngineError) {
    var prompts: [DemoPrompt: (words: String, audio: [UInt8])] = [:]
    for index in 0..<demo_voice_count() {
      // Static C data, constant for the life of the process.
      guard let entry = demo_voice_prompt(index)?.pointee,
        let prompt = DemoPrompt(rawValue: String(cString: entry.name))
      else { continue }
      let file: WAVFile
      do throws(AudioError) {
        file = try WAVFile(parsing: Array(UnsafeBufferPointer(start: entry.wav, count: entry.wav_size)))
      } catch {
        throw EngineError(.brokenVoice, "The prompt \(prompt.rawValue) in the binary: \(error.message)", cause: error)
      }
      guard file.format == .telephone else {
        throw EngineError(.brokenVoice, "The prompt \(prompt.rawValue) in the binary is not mu-law at 8000 Hz.")
      }
      prompts[prompt] = (String(cString: entry.words), file.audio)
    }
    if let missing = DemoPrompt.allCases.first(where: { prompts[$0] == nil }) {
      throw EngineError(.brokenVoice, "The prompt \(missing.rawValue) is not in the binary.")
    }
    self.prompts = prompts
  }

  /// A prompt as mu-law at 8,000 Hz.
  func audio(_ prompt: DemoPrompt) -> [UInt8] { prompts[prompt]?.audio ?? [] }

  /// The words of a prompt.
  func words(_ prompt: DemoPrompt) -> String { prompts[prompt]?.words ?? "" }
}
