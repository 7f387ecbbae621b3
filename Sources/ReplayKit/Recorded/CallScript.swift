public import AudioCodecs

/// What one call of a run does: steps and what is said in them, ready for the wire.
public struct CallScript: Sendable {
  /// What people call it.
  public let name: String
  /// What the caller does.
  public let steps: [CallStep]
  /// What the caller can say.
  public let clips: [SpokenClip]
  /// The recorded call that it is made of, if it is.
  public let recorded: RecordedCall?
  /// Keys and words that were not kept, and in whose place others stand.
  public let standIns: Int
  let audio: WireAudio

  /// Speaks clips, a turn each. All of them are of one format.
  init(name: String, clips: [SpokenClip], first: Int, audio: WireAudio) {
    self.name = name
    self.clips = clips
    self.audio = audio
    steps = clips.indices.map { .speak(clip: (first + $0) % clips.count) }
    recorded = nil
    standIns = 0
  }

  /// A recorded call: `steps` has as many as the call has turns.
  init(_ call: RecordedCall, steps: [CallStep], clips: [SpokenClip], standIns: Int, format: AudioFormat) {
    name = call.name
    self.steps = steps
    self.clips = clips
    self.standIns = standIns
    recorded = call
    audio = WireAudio(clips: clips, format: format, frameLength: call.frameLength)
  }

  /// Scripts that each speak every clip as a turn of its own, beginning with another one.
  public static func speaking(_ clips: [SpokenClip], format: AudioFormat) -> [CallScript] {
    let audio = WireAudio(clips: clips, format: format)
    guard !clips.isEmpty else { return [CallScript(name: "silence", clips: [], first: 0, audio: audio)] }
    return clips.indices.map { CallScript(name: clips[$0].name, clips: clips, first: $0, audio: audio) }
  }

  /// Changes a caller's settings to those of this call.
  public func adjust(_ settings: inout CallerSettings) {
    guard let recorded else { return }
    settings.frameLength = recorded.frameLength
    settings.stepTimes = recorded.turns.map(\.time)
    settings.repeatsSteps = false
    if let noInput = recorded.noInput {
      settings.noInputTimeout = noInput
    } else {
      // The platform had more patience than the longest time that the caller took.
      let longest = recorded.turns.compactMap { turn in
        if case .afterPrompt(let time)? = turn.time.begin { time } else { nil }
      }.max()
      settings.noInputTimeout = max(settings.noInputTimeout, (longest ?? .zero) + .seconds(1))
    }
  }
}
