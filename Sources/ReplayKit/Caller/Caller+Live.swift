import AudioCodecs

// A person at a telephone: nothing is planned, and the call goes on until somebody ends it.
extension Caller {
  /// A caller whose every move comes from outside, as it happens: ``hear(_:at:)``, ``say(_:at:)``, ``press(_:at:)`` and
  /// ``hangUp(at:)``.
  public init(live settings: CallerSettings) {
    self.init(steps: [], clips: [], settings: settings)
    live = LiveInput()
  }

  /// 20 ms from the microphone, in the format of the wire. Where the platform does not listen they are said to nobody.
  public mutating func hear(_ frame: [UInt8], at now: Duration) {
    guard outcome == nil, stream != nil, frame.count == settings.format.bytesPerSecond / 50 else { return }
    live?.frames.append(frame)
  }

  /// Says a clip as soon as the platform listens.
  ///
  /// - Returns: false where another one is being said or waits.
  public mutating func say(_ clip: SpokenClip, at now: Duration) -> Bool {
    guard outcome == nil, let live, live.clip == nil, step != .underWay, clip.format == settings.format else {
      return false
    }
    clips.append(clip)
    self.live?.clip = clips.count - 1
    listen(at: now)
    return true
  }

  /// Forgets audio that ended before a position, in samples from the start of the call: whoever wanted it has it.
  public mutating func forgetAudio(before position: Int) { timeline.forget(before: position) }

  /// Begins the clip that waits, where somebody listens.
  mutating func beginWaitingClip(at now: Duration) {
    guard let clip = live?.clip, stream != nil || !inputMode.carriesVoice else { return }
    live?.clip = nil
    speak(clip, at: now)
  }

  /// The microphone's next frame; silence where there is none.
  ///
  /// - Parameter time: when it begins.
  mutating func nextLiveFrame(at time: Duration) -> CallerFrame {
    guard let bytes = live?.frames.next() else {
      stream?.voice.append(Level.floor)
      return .silence
    }
    let samples = settings.format.encoding.decode(bytes)
    stream?.voice.append(Level(of: samples).rms)
    if settings.keepsAudio { timeline.add(samples, to: .caller, at: time) }
    return .live(bytes)
  }
}
