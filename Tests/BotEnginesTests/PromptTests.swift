import AudioCodecs
import Testing

@testable import BotEngines

@Suite("Words of Patchbay's own: those in the binary, and WAV files")
struct PromptTests {
  @Test("CallerVoice and FallbackVoice say what they are for, in the lengths that are promised")
  func sentences() throws {
    let voice = try DemoVoice()
    let caller = try CallerVoice.sentence()
    #expect(caller == voice.audio(.eventReceived) && (8_000...24_000).contains(caller.count))
    let (ends, transfers) = (try FallbackVoice.sentence(endsCall: true), try FallbackVoice.sentence(endsCall: false))
    #expect(ends == voice.audio(.sorryEnd) && transfers == voice.audio(.sorryTransfer) && ends != transfers)
    #expect(ends.count > 16_000 && transfers.count > 16_000)
  }

  @Test("SpokenSamples have names of their own, words, and their sound")
  func samples() throws {
    let voice = try DemoVoice()
    let samples = SpokenSamples.all
    #expect(!samples.isEmpty && Set(samples.map(\.id)).count == samples.count)
    for sample in samples {
      let prompt = try #require(DemoPrompt(rawValue: sample.id))
      #expect(sample.words == voice.words(prompt) && !sample.words.isEmpty)
      #expect(sample.audio == voice.audio(prompt) && !sample.audio.isEmpty)
    }
  }

  @Test("PromptFile plays a file of the telephone's format as it is, and converts every other")
  func files() throws {
    let folder = try ScriptFolder()
    let plain = try folder.writeSound("plain.wav", milliseconds: 100)
    #expect(try PromptFile.mulaw("\(folder.path)/plain.wav") == plain)
    let wide = try folder.writeSound(
      "wide.wav", milliseconds: 100, format: AudioFormat(encoding: .linear16, sampleRate: 16_000))
    #expect(try PromptFile.mulaw("\(folder.path)/wide.wav") == wide && (780...800).contains(wide.count))
  }

  @Test("PromptFile names the file that it cannot play, and says why")
  func badFiles() throws {
    let folder = try ScriptFolder()
    try folder.write("notes.wav", Array("These are notes, not sounds.".utf8))
    try folder.write("large.wav", [UInt8](repeating: 0, count: PromptFile.maximumBytes + 1))
    try folder.write("empty.wav", [])
    for (name, why) in [
      ("none.wav", "No such file"), ("notes.wav", "Not a WAV file"), ("large.wav", "use a shorter sound"),
      ("empty.wav", ":"), (".", "is no file"),
    ] {
      let path = "\(folder.path)/\(name)"
      let error = #expect(throws: EngineError.self) { try PromptFile.mulaw(path) }
      #expect(error?.code == .unusable && error?.message.hasPrefix(path) == true, "\(name)")
      #expect(error?.message.contains(why) == true, "\(error?.message ?? "")")
    }
  }
}
