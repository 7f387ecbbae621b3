import AudioCodecs
import WebexProtocol

/// The audio of clips as it goes on the wire, encoded once for all calls.
///
/// A `VoiceVARequest` is what identifies the call, followed by the input; a protobuf message may be put together from
/// two messages by writing one after the other.
struct WireAudio: Sendable {
  let silence: [UInt8]
  let clips: [[[UInt8]]]
  private let format: AudioFormat
  private let silentFrame: [UInt8]
  private let spoken: [SpokenClip]

  init(clips: [SpokenClip], format: AudioFormat, frameLength: Duration = SpokenClip.frameLength) {
    self.format = format
    silentFrame = SpokenClip.silence(format, frameLength: frameLength)
    spoken = clips
    silence = Self.message(silentFrame, format)
    self.clips = clips.map { $0.frames.map { Self.message($0, format) } }
  }

  private static func message(_ bytes: [UInt8], _ format: AudioFormat) -> [UInt8] {
    let audio = VoiceRequest.Audio(
      bytes: bytes, encoding: format.encoding, sampleRate: Int32(clamping: format.sampleRate))
    return VoiceRequest(conversationID: "", organizationID: "", input: .audio(audio)).encoded()
  }

  func message(_ frame: CallerFrame) -> [UInt8] {
    switch frame {
    case .silence: silence
    case .speech(let clip, let frame): clips[clip][frame]
    case .live(let bytes): Self.message(bytes, format)
    }
  }

  /// The audio itself.
  func bytes(_ frame: CallerFrame) -> [UInt8] {
    switch frame {
    case .silence: silentFrame
    case .speech(let clip, let frame): spoken[clip].frames[frame]
    case .live(let bytes): bytes
    }
  }
}

/// The messages of one call.
struct CallerMessages: Sendable {
  private let settings: CallerSettings
  private let audio: WireAudio
  /// What identifies the call, and all that is known of it, for the first message of an RPC.
  private let opening: [UInt8]
  /// What identifies the call, for the audio frames after that.
  private let following: [UInt8]

  init(settings: CallerSettings, audio: WireAudio) {
    self.settings = settings
    self.audio = audio
    opening = Self.request(settings, .none).encoded()
    following =
      VoiceRequest(
        conversationID: settings.conversation, organizationID: settings.organization, agentID: settings.agent
      ).encoded()
  }

  func event(_ input: VoiceRequest.Input) -> [UInt8] { Self.request(settings, input).encoded() }

  /// Hands over the message of a frame of audio; nothing is kept.
  func withFrame<R>(_ frame: CallerFrame, isFirst: Bool, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let head = isFirst ? opening : following
    let tail = audio.message(frame)
    return withUnsafeTemporaryAllocation(byteCount: head.count + tail.count, alignment: 1) { buffer in
      head.withUnsafeBytes { buffer.copyMemory(from: $0) }
      tail.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[head.count...]).copyMemory(from: $0) }
      return body(UnsafeRawBufferPointer(buffer))
    }
  }

  private static func request(_ settings: CallerSettings, _ input: VoiceRequest.Input) -> VoiceRequest {
    VoiceRequest(
      conversationID: settings.conversation, organizationID: settings.organization, agentID: settings.agent,
      vendorConfiguration: settings.vendorConfiguration, additionalInfo: settings.additionalInfo, input: input)
  }
}
